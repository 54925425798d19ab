"""The snippets on evaluation of the article on MLflow's experiments with language models, as printed.

Indentation was lost where it was printed, and is put back. The tests change imports only, and fill in the one
place that the article itself leaves open.
"""

from __future__ import annotations

from typing import Final

IMPORT: Final = "import mlflow\n"
OUR_IMPORT: Final = "import spanfold as mlflow\n"
OUR_METRICS: Final = "from spanfold.metrics import MetricValue, make_metric, standard_aggregations\n"
"""The article uses these names without importing them: of MLflow they are in ``mlflow.metrics``."""

USUAL: Final = """\
results = mlflow.evaluate(
    model,
    eval_data,
    targets="ground_truth",
    model_type="question-answering",
)
"""

USUAL_METRICS: Final = ("exact_match", "toxicity", "ari_grade_level", "flesch_kincaid_grade_level")

CUSTOM: Final = """\
def eval_fn(predictions, targets, metrics):
    scores = []
    for i in range(len(predictions)):
        if len(predictions[i]) > 10:
            scores.append("yes")
        else:
            scores.append("no")
    return MetricValue(
        scores=scores,
        aggregate_results=standard_aggregations(scores),
    )

# Create an EvaluationMetric object.
passing_code_metric = make_metric(
    eval_fn=eval_fn, greater_is_better=False, name="over_10_chars"
)
results = mlflow.evaluate(
    ...
    extra_metrics=[passing_code_metrics]
)
"""
LEFT_OPEN: Final = "    ...\n    extra_metrics=[passing_code_metrics]"
"""An ellipsis, and the name of a metric that the article had just called otherwise."""
FILLED_IN: Final = """\
    model,
    eval_data,
    targets="ground_truth",
    model_type="question-answering",
    extra_metrics=[passing_code_metric]"""

JUDGE: Final = """\
professionalism_example_score_2 = mlflow.metrics.genai.EvaluationExample(
    input="What is MLflow?",
    output=(
        "MLflow is like your friendly neighborhood toolkit for managing your machine learning projects. It helps "
        "you track experiments, package your code and models, and collaborate with your team, making the whole ML "
        "workflow smoother. It's like your Swiss Army knife for machine learning!"
    ),
    score=2,
    justification=(
        "The response is written in a casual tone. It uses contractions, filler words such as 'like', and "
        "exclamation points, which make it sound less professional. "
    ),
)
professionalism_example_score_4 = mlflow.metrics.genai.EvaluationExample(
    input="What is MLflow?",
    output=(
        "MLflow is an open-source platform for managing the end-to-end machine learning (ML) lifecycle. It was "
        "developed by Databricks, a company that specializes in big data and machine learning solutions. MLflow is "
        "designed to address the challenges that data scientists and machine learning engineers face when "
        "developing, training, and deploying machine learning models.",
    ),
    score=4,
    justification=("The response is written in a formal language and a neutral tone. "),
)
professionalism = mlflow.metrics.genai.make_genai_metric(
    name="professionalism",
    definition=(
        "Professionalism refers to the use of a formal, respectful, and appropriate style of communication that is "
        "tailored to the context and audience. It often involves avoiding overly casual language, slang, or "
        "colloquialisms, and instead using clear, concise, and respectful language."
    ),
    grading_prompt=(
        "Professionalism: If the answer is written using a professional tone, below are the details for different scores: "
        "- Score 0: Language is extremely casual, informal, and may include slang or colloquialisms. Not suitable for "
        "professional contexts."
        "- Score 1: Language is casual but generally respectful and avoids strong informality or slang. Acceptable in "
        "some informal professional settings."
        "- Score 2: Language is overall formal but still have casual words/phrases. Borderline for professional contexts."
        "- Score 3: Language is balanced and avoids extreme informality or formality. Suitable for most professional contexts. "
        "- Score 4: Language is noticeably formal, respectful, and avoids casual elements. Appropriate for formal "
        "business or academic settings. "
    ),
    examples=[professionalism_example_score_2, professionalism_example_score_4],
    model="openai:/gpt-3.5-turbo-16k",
    parameters={"temperature": 0.0},
    aggregations=["mean", "variance"],
    greater_is_better=True,
)
"""  # noqa: E501 - as printed
