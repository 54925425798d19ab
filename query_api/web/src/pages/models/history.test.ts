import { expect, test } from "vitest";
import {
  type Event,
  momentAt,
  momentsOf,
  nsOf,
  type State,
  sectionsOf,
  wordsOf,
} from "@/pages/models/history";

function event(event_time: string, event_type: string, payload: unknown = {}): Event {
  return { event_time, event_type: `spanfold.model.${event_type}`, payload } as Event;
}

test("instants are told apart to the nanosecond", () => {
  expect(nsOf("2026-11-21T05:00:00.000000001Z") - nsOf("2026-11-21T05:00:00Z")).toBe(1n);
  expect(nsOf("2026-11-21T06:00:00.5+01:00")).toBe(nsOf("2026-11-21T05:00:00.500Z"));
});

test("events of one instant are one step, and an instant between two belongs to the first", () => {
  const moments = momentsOf([
    event("2026-11-21T05:00:00Z", "created"),
    event("2026-11-21T05:00:00Z", "tags_set"),
    event("2026-11-21T05:00:01.000000002Z", "tags_set"),
  ]);
  expect(moments.map(({ events }) => events.length)).toEqual([2, 1]);
  expect(
    ["2026-11-21T04:00:00Z", "2026-11-21T05:00:01.000000001Z", "2026-11-21T05:00:01.000000002Z"].map((time) =>
      momentAt(moments, time),
    ),
  ).toEqual([-1, 0, 1]);
});

test("events are told in words, whatever their payload is", () => {
  expect(wordsOf(event("", "tags_set", { tags: { a: 1, b: 2, c: 3, d: 4, e: 5 } }))).toBe(
    "Tags set: a, b, c, d and 1 more",
  );
  expect(wordsOf(event("", "tag_deleted", { key: "a" }))).toBe("Tag deleted: a");
  expect(wordsOf(event("", "tags_set", "no JSON"))).toBe("Tags set: ");
  expect(wordsOf({ ...event("", ""), event_type: "example.other" })).toBe("example.other");
});

test("a state marks what differs from the one before", () => {
  const nothing = { status_message: null, model_type: null, experiment_id: "", source_run_id: null };
  const state = {
    ...nothing,
    name: "bot",
    status: "READY",
    params: {},
    metrics: {},
    deleted: false,
  } as unknown as State;
  const tags = sectionsOf(
    { ...state, tags: { b: "2", c: "3" } },
    { ...state, tags: { a: "1", b: "1" } },
  ).find(({ title }) => title === "Tags");
  expect(tags?.lines).toEqual([
    { key: "a", value: null, change: "removed", before: "1" },
    { key: "b", value: "2", change: "changed", before: "1" },
    { key: "c", value: "3", change: "added", before: null },
  ]);
  expect(
    sectionsOf({ ...state, tags: { a: "1" } }, null).flatMap(({ lines }) =>
      lines.map(({ change }) => change),
    ),
  ).toEqual(["same", "same", "same"]);
});
