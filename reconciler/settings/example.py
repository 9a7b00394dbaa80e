"""The commented configuration that `gko-tui config example` prints; a test loads it."""

from __future__ import annotations

EXAMPLE = """\
# gko-tui.yaml: what gko-tui reads. Looked for in this order: --config FILE, $GKO_TUI_CONFIG,
# gko-tui.yaml here or in a folder above up to the root of the Git repository, the user's own
# configuration folder. Relative paths count from this file's folder.
version: 1

# Git repositories. Committed content is read, never the working tree.
sources:
  - name: apis
    url: https://git.example.org/platform/apis.git   # or path: ../apis, for a repository on this machine
    ref: main                       # a branch, tag or commit; left out: the repository's HEAD
    auth:                           # names of secrets, never secrets
      token_env: GIT_TOKEN          # or token_file: PATH, or token_command: [prog, arg]
      # username: ci                # where the host wants one beside the token
      # ssh_key: ~/.ssh/id_ed25519  # for git@host:… URLs; left out: the SSH agent
      # ssh_passphrase_env: KEY_PASSPHRASE
      # known_hosts: ~/.ssh/known_hosts
      # ca_file: company-ca.pem
      # proxy: http://proxy.example.org:3128

# Kubernetes clusters. Left out: kubeconfig means $KUBECONFIG or ~/.kube/config, context its current one.
clusters:
  - name: prod-eu
    context: prod-eu
    protected: true                 # plans that write here ask for the cluster's name
  - name: stage
    kubeconfig: ~/.kube/stage
    context: stage
    namespaces: [payments, shop]    # read only these; left out: all
    request_timeout_s: 10
    state_namespace: gko-tui        # of the shared state; left out: each application's own namespace
    operator: gko                   # gko | auto (gko-tui where a take-over is recorded) | gko-tui

# Which folder of which source goes to which clusters.
applications:
  - name: payments
    source: apis
    folder: payments                # left out: the whole repository
    clusters: [prod-eu, stage]
    namespace: payments             # for documents that state none
    mode: observe                   # observe | propose | heal | sync
    prune: false                    # whether plans delete what left Git
    create_namespaces: false        # whether plans create the namespaces that it goes to
    windows:                        # when the loop may act by itself; left out: at any time
      - kind: deny                  # allow | deny; deny wins
        covers: [sync, prune]       # sync, heal, prune, rollback; left out: all of them
        cron: "0 8 * * 1-5"         # when it opens, on the wall clock of its zone
        duration: 10h
        zone: Europe/Berlin         # left out: UTC
        reason: office hours
  - name: shop
    source: apis
    folder: shop/overlays/prod
    render: kustomize               # yaml (default) | kustomize | helm | command
    clusters: [prod-eu]
  - name: portal
    source: apis
    folder: charts/portal
    render:
      type: helm
      release: portal
      values: [values-prod.yaml]    # relative to the folder
      namespace: portal
    clusters: [prod-eu]

# Control planes (Gravitee APIM) and the gateways they serve.
control_planes:
  - name: apim-eu
    url: https://apim.example.org
    organization: DEFAULT
    environment: DEFAULT
    clusters: [prod-eu]
    auth:
      token_env: APIM_TOKEN         # or username_env and password_env
gateways:
  - name: gateway-eu                # by its pods: each is reached through a port-forward
    cluster: prod-eu
    namespace: gravitee
    selector: app.kubernetes.io/component=gateway
    port: 18082                     # of the technical API, where the pods do not name one
    control_plane: apim-eu          # may be left out where there is only one
    tags: [internal, "!partner"]    # its sharding tags, which it does not tell; [] takes everything
    auth:                           # of its technical API; left out: nothing is sent, not even the default
      username_env: GATEWAY_USER    # or username: admin
      password_env: GATEWAY_PASSWORD  # or password_file: PATH, or password_command: [prog, arg]
  - name: edge                      # by the URL of its technical API
    url: https://edge.example.org:18082
    ca_file: company-ca.pem
    request_timeout_s: 5
    mode: kubernetes                # takes its APIs from ConfigMaps of a cluster, not from the control plane
    cluster: stage
    namespaces: [payments]          # left out: those of all namespaces
"""
