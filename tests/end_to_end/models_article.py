"""Snippets on deployments and logging of the article on MLflow and language models, as printed.

Indentation was lost where it was printed, and is put back. The tests change the import only.
"""

from __future__ import annotations

from typing import Final

IMPORTS: Final = "import openai\nimport spanfold as mlflow\n"
MPT_IMPORTS: Final = "import spanfold as mlflow\nimport torch\nimport transformers\n"

ENDPOINTS: Final = """\
endpoints:
- name: completions
  endpoint_type: llm/v1/chat
  model:
    provider: openai
    name: gpt-3.5-turbo
    config:
      openai_api_key: $OPENAI_API_KEY
"""

LOG_OPENAI: Final = """\
with mlflow.start_run() as run:
    system_prompt = "Answer the following question in two sentences"
    # Wrap "gpt-4" as an MLflow model.
    logged_model_info = mlflow.openai.log_model(
        model="gpt-4",
        task=openai.ChatCompletion,
        artifact_path="model",
        messages=[
            {"role": "system", "content": system_prompt},
            {"role": "user", "content": "{question}"},
        ],
    )
"""

MPT: Final = '''\
class MPT(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(
            context.artifacts["snapshot"], padding_side="left"
        )

        config = transformers.AutoConfig.from_pretrained(
            context.artifacts["snapshot"], trust_remote_code=True
        )

        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            context.artifacts["snapshot"],
            config=config,
            torch_dtype=torch.bfloat16,
            trust_remote_code=True,
        )

        self.model.eval()

    def _build_prompt(self, instruction):
        INSTRUCTION_KEY = "### Instruction:"
        RESPONSE_KEY = "### Response:"
        INTRO_BLURB = (
            "Below is an instruction that describes a task. "
            "Write a response that appropriately completes the request."
        )

        return f"""{INTRO_BLURB}
{INSTRUCTION_KEY}
{instruction}
{RESPONSE_KEY}
"""

    def predict(self, context, model_input, params=None):
        prompt = model_input["prompt"][0]
        temperature = params.get("temperature", 0.1) if params else 0.1
        max_tokens = params.get("max_tokens", 1000) if params else 1000

        prompt = self._build_prompt(prompt)

        encoded_input = self.tokenizer.encode(prompt, return_tensors="pt").to("cpu")
        output = self.model.generate(
            encoded_input,
            do_sample=True,
            temperature=temperature,
            max_new_tokens=max_tokens,
        )
        generated_text = self.tokenizer.decode(output[0], skip_special_tokens=True)

        prompt_length = len(self.tokenizer.encode(prompt, return_tensors="pt")[0])
        generated_response = self.tokenizer.decode(
            output[0][prompt_length:], skip_special_tokens=True
        )

        return {"candidates": [generated_response]}
'''
