"""Who is in charge, judged without a cluster."""
