"""EPCs: binary, URI, element string, Digital Link."""
