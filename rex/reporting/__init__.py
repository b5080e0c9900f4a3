"""What a researcher looks at: tables, figures, the gallery of examples."""
