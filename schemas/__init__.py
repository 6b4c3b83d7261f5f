"""The reviewed schemas, `<data set>/schema.pbtxt`."""
