"""What of the fleet a person looks at: marks, columns, filters, order, counts. No widgets here."""
