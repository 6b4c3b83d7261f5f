"""ExampleGen: data in, stratified splits out."""
