"""Real peers for the tests: a true kube-apiserver on a true etcd, and the field's own command-line tools.

The contract tests run once against the simulator and once against these, so that a simulator which
disagrees with the real thing is found out. Everything is built from published Go modules; nothing is
downloaded ready-made and nothing listens outside the loopback interface.
"""
