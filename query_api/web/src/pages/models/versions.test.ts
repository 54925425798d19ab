import { expect, test } from "vitest";
import { validateSearch } from "@/pages/models/search";
import { filterOf, groupsOf, type Model, type Trend } from "@/pages/models/versions";

function model(model_id: string, experiment_id = "0"): Model {
  return { model_id, experiment_id, name: model_id } as Model;
}

function trend(model_id: string, service_name: string, trace_count = 1, error_count = 0): Trend {
  return { model_id, service_name, trace_count, error_count } as Trend;
}

test("a part of a name is looked for, a condition is passed on", () => {
  expect(filterOf("bot v2")).toBe("name ILIKE '%bot v2%' OR model_id LIKE 'bot v2%'");
  expect(filterOf(" params.k = '3' ")).toBe("params.k = '3'");
  expect(filterOf("tags.team IS NOT NULL")).toBe("tags.team IS NOT NULL");
  expect(filterOf("name LIKE 'bot%'")).toBe("name LIKE 'bot%'");
  expect(filterOf("in like is")).toContain("'%in like is%'");
  expect(filterOf("")).toBe("");
});

test("versions stand with their application, or without traffic with their experiment", () => {
  const groups = groupsOf(
    [model("c"), model("b", "7"), model("a")],
    [trend("c", "shop"), trend("b", ""), trend("a", "shop")],
    "newest",
  );
  expect(
    groups.map(({ kind, title, versions }) => [kind, title, versions.map((v) => v.model.model_id)]),
  ).toEqual([
    ["application", "shop", ["c", "a"]],
    ["experiment", "7", ["b"]],
  ]);
});

test("orders by traffic put what is not known last", () => {
  const [group] = groupsOf(
    [model("none"), model("few"), model("many")],
    [trend("none", "shop", 0), trend("few", "shop", 10, 1), trend("many", "shop", 100, 50)],
    "errors",
  );
  expect(group?.versions.map((version) => version.model.model_id)).toEqual(["many", "few", "none"]);
});

test("the address holds what is known, and nothing else", () => {
  expect(validateSearch({ since: "7d", filter: 3, order: "cost", chosen: "a,b,,a", other: 1 })).toEqual({
    since: "7d",
    filter: "3",
    order: "cost",
    chosen: "a,b",
  });
  expect(validateSearch({ order: "toString", filter: "" })).toEqual({});
});
