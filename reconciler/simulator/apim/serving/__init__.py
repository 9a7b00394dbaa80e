"""The simulated APIM and its gateways over HTTP, on loopback."""
