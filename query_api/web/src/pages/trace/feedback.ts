import type { operations } from "@/api/schema";
import { opened } from "@/ui/messageParts";

export type Kind = "thumb" | "number" | "label" | "expectation";

/** What a person has typed so far. */
export interface Draft {
  kind: Kind;
  name: string;
  value: string;
  rationale: string;
  isOfSpan: boolean;
  who: string;
}

type Body<Name extends keyof operations> = operations[Name] extends {
  requestBody: { content: { "application/json": infer Given } };
}
  ? Given
  : never;

type Told =
  | { path: "feedback"; body: Body<"log_feedback_v1_traces__trace_id__feedback_post"> }
  | { path: "expectations"; body: Body<"log_expectation_v1_traces__trace_id__expectations_post"> };

function givenValue(draft: Draft): boolean | number | string {
  if (draft.kind === "thumb") return draft.value === "true";
  return draft.kind === "number" ? Number(draft.value) : draft.value;
}

/** Where a draft goes, and as what. An expectation is text, or an object or a list in JSON. */
export function feedbackOf(draft: Draft, spanId: string): Told {
  const common = {
    name: draft.name.trim(),
    source_id: draft.who.trim(),
    span_id: draft.isOfSpan ? spanId : null,
  };
  if (draft.kind === "expectation") {
    const value = opened(draft.value);
    return {
      path: "expectations",
      body: { ...common, value: typeof value === "object" ? value : draft.value },
    };
  }
  return {
    path: "feedback",
    body: {
      ...common,
      value: givenValue(draft),
      rationale: draft.rationale.trim() || null,
      source_type: "HUMAN",
      metadata: {},
    },
  };
}
