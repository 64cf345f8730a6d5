"""Floor 2: image models: ONNX files, their cards, and what runs them."""
