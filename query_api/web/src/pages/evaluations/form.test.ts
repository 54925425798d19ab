import { expect, test } from "vitest";
import { ProblemError } from "@/api/problem";
import { againSearch } from "@/pages/evaluations/again";
import { commandOf, metricText, programOf } from "@/pages/evaluations/commands";
import { type Catalogue, evaluationOf, monitorOf, refusalOf } from "@/pages/evaluations/form";
import { validateNewSearch } from "@/pages/evaluations/newSearch";
import { readParameter } from "@/pages/evaluations/parameters";

const parameter = (name: string, type: "text" | "integer" | "json", is_required = false) => ({
  name,
  type,
  is_required,
  default: null,
  description: "",
});
const CATALOGUE: Catalogue = [
  {
    name: "regex_match",
    description: "",
    kind: "text",
    greater_is_better: true,
    needs: ["predictions"],
    is_paid: false,
    unavailable: null,
    parameters: [parameter("pattern", "text", true)],
  },
];

test("the address makes a form whatever it holds", () => {
  expect(
    validateNewSearch({ model_id: "m-1", sample: 500, metrics: ["length", 7, { name: "" }], seed: "" }),
  ).toEqual({
    model_id: ["m-1"],
    sample: "500",
    metrics: [{ name: "length", parameters: {} }],
  });
  expect(validateNewSearch({ metrics: "token_f1", mapping: [1], since: "24h" })).toEqual({
    since: "24h",
    metrics: [{ name: "token_f1", parameters: {} }],
  });
});

test("a form becomes what the server takes", () => {
  const { body, faults } = evaluationOf(
    {
      since: "24h",
      filter: "status = 'OK'",
      model_id: ["m-1"],
      sample: "10%",
      limit: "5",
      max_calls: "100",
      metrics: [
        { name: "regex_match", parameters: { pattern: "^a,b$" } },
        { name: "length", parameters: {} },
      ],
    },
    CATALOGUE,
  );
  expect(faults).toEqual({});
  expect(body).toEqual({
    selection: { model: "m-1", since: "24h", where: "status = 'OK'", sample: "10%", limit: 5 },
    metrics: [{ name: "regex_match", parameters: { pattern: "^a,b$" } }, "length"],
    options: { max_calls: 100 },
  });
});

test("what cannot be understood is named by its field", () => {
  const asked = { max_cost_usd: "two", limit: "1.5", metrics: [{ name: "regex_match", parameters: {} }] };
  expect(Object.keys(evaluationOf(asked, CATALOGUE).faults).sort()).toEqual([
    "metrics[0].pattern",
    "options.max_cost_usd",
    "selection.limit",
  ]);
  expect(monitorOf({ sample: "500" }, CATALOGUE).faults).toHaveProperty(["options.sample"]);
  expect(monitorOf({ name: "n", sample: "10%" }, CATALOGUE).body.options).toEqual({ sample: 0.1 });
});

test("a refusal lands at the field that it is about", () => {
  const refused = (detail: string, parameter: string) =>
    refusalOf(new ProblemError(422, "Invalid parameter", detail, parameter));
  expect(refused("selection: sample: a share or a number", "selection")).toEqual({
    "selection.sample": "a share or a number",
  });
  expect(refused("metrics[0]: no metric is called 'lengt'", "metrics[0]")).toEqual({
    "metrics[0]": "no metric is called 'lengt'",
  });
  expect(refusalOf(new Error("x"))).toBeNull();
});

test("parameters are read as their type says; lines are a list", () => {
  expect(readParameter("json", "Be polite.\nBe short.")).toEqual({ value: ["Be polite.", "Be short."] });
  expect(readParameter("json", "Be polite.")).toEqual({ value: "Be polite." });
  expect(readParameter("json", '{"temperature": 0}')).toEqual({ value: { temperature: 0 } });
  expect(readParameter("json", '{"temperature": ')).toHaveProperty("fault");
  expect(readParameter("integer", "1.5")).toHaveProperty("fault");
  expect(readParameter("text", "")).toBeUndefined();
});

test("the command says the same, and no shell takes it apart", () => {
  const { body } = evaluationOf(
    {
      since: "24h",
      filter: "name = 'x'",
      metrics: [{ name: "regex_match", parameters: { pattern: "a,b" } }],
      name: "it's",
    },
    CATALOGUE,
  );
  expect(commandOf(body).split(" \\\n    ")).toEqual([
    "spanfold evaluate",
    "--since 24h",
    "--where 'name = '\\''x'\\'''",
    "--metrics 'regex_match:pattern=a\\,b'",
    "--name 'it'\\''s'",
    "--on-server",
  ]);
  expect(metricText({ name: "regex_match", parameters: { pattern: "3" } })).toBe('regex_match:pattern="3"');
  expect(programOf(body)).toContain('traces=spanfold.TraceSelection(since="24h", where="name = \'x\'"),');
});

test("an evaluation can be done again", () => {
  const again = againSearch({
    name: "nightly",
    metrics: [{ name: "guidelines", parameters: { guidelines: ["a", "b"], limits: {}, cache: true } }],
    selection: { since: "24h", model: "bot", where: "status = 'OK'", resolved: { total: 4 } },
    options: { max_calls: 5 },
    model_ids: ["m-1", "m-2"],
  });
  expect(again).toEqual({
    name: "nightly",
    since: "24h",
    filter: "status = 'OK'",
    model_id: ["m-1", "m-2"],
    max_calls: "5",
    metrics: [{ name: "guidelines", parameters: { guidelines: '["a","b"]', cache: "true" } }],
  });
});
