"""CarriedSchema: a reviewed schema that travels in the pipeline itself."""
