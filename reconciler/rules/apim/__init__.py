"""The control-plane hop as pure rules: the body that would be sent to APIM, and what it is compared with.

`bodies` turns a custom resource into a body, `comparing` brings a body and what APIM holds into one form and
judges them, `inventory` says whose an entry of the environment is, `statuses` reads what GKO says.
"""
