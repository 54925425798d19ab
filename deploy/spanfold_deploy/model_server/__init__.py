"""One logged model behind HTTP: OpenAI's protocol and MLflow's. The command is ``spanfold models serve``."""
