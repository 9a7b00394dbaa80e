"""Planning: from what Git wants and what a cluster holds to the steps that join them. All of it is pure."""
