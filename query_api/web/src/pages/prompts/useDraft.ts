import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { messagesIn } from "@/pages/prompts/recorded";
import type { Search } from "@/pages/prompts/search";
import { formOf } from "@/pages/prompts/settings";
import { type Draft, draftKey, loadDraft, NEW_DRAFT, saveDraft } from "@/pages/prompts/workspace";

export type Version = Schemas["PromptVersion"];
type Span = Schemas["Span"];

const SAVE_AFTER_MS = 300;
const OPERATIONS: ReadonlySet<string> = new Set(["chat", "text_completion", "generate_content"]);

/** The calls to language models of a trace that have an input, in the order of the tree. */
function callsIn(spans: readonly Span[]): Span[] {
  return spans.flatMap((span) => [
    ...(span.input !== null && (OPERATIONS.has(span.operation) || span.span_type === "LLM") ? [span] : []),
    ...callsIn(span.children),
  ]);
}

/** A recorded call as a draft: its messages are the template, its settings the form's. */
function draftOfCall(span: Span): Draft {
  const named = (name: string) => span.attributes[`gen_ai.request.${name}`];
  const settings = {
    temperature: named("temperature"),
    max_tokens: named("max_tokens"),
    stop: named("stop_sequences"),
  };
  return { template: messagesIn(span.input ?? "") ?? span.input ?? "", form: formOf(settings, null) };
}

function draftOfVersion(version: Version): Draft {
  const template =
    typeof version.template === "string"
      ? version.template
      : version.template.map(({ role = "user", content = "" }) => ({ role, content }));
  return { template, form: formOf(version.model_settings, version.response_format) };
}

export interface OpenDraft {
  draft: Draft;
  /** The registered version that it began as. */
  version: Version | null;
  /** Calls of the recorded trace that it began as. */
  calls: Span[];
  isChanged: boolean;
  isLoading: boolean;
  error: Error | null;
  retry: () => void;
  change: (update: Partial<Draft>) => void;
  /** Back to what it began as. */
  discard: () => void;
}

function useOrigin(search: Search) {
  const { name = "", trace_id: traceId = "" } = search;
  const version = String(search.version ?? "latest");
  const isTrace = traceId !== "";
  const registered = useQuery({
    queryKey: ["prompts", "version", name, version],
    enabled: !isTrace && name !== "",
    queryFn: ({ signal }) =>
      answer(
        api.GET("/v1/prompts/{name}/versions/{version}", { params: { path: { name, version } }, signal }),
      ),
  });
  const recorded = useQuery({
    queryKey: ["trace", traceId],
    enabled: isTrace,
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/traces/{trace_id}", { params: { path: { trace_id: traceId } }, signal })),
  });
  return { registered, recorded, isTrace };
}

/** What the workbench of an address holds: what it began as, and what was changed since, here or before a reload. */
export function useDraft(search: Search): OpenDraft {
  const { registered, recorded, isTrace } = useOrigin(search);
  const asked = isTrace ? recorded : registered;
  const version = isTrace ? null : (registered.data ?? null);
  const calls = isTrace ? callsIn(recorded.data?.spans ?? []) : [];
  const call = calls.find((span) => span.span_id === search.span_id) ?? calls[0];
  const key =
    version === null ? draftKey(search) : draftKey({ name: version.name, version: version.version });
  const origin = call ? draftOfCall(call) : version ? draftOfVersion(version) : NEW_DRAFT;
  const [edited, setEdited] = useState<{ key: string; draft: Draft | null } | null>(null);
  const stored = useMemo(() => loadDraft(key), [key]);
  const kept = edited?.key === key ? edited.draft : stored;
  const draft = kept ?? origin;
  useEffect(() => {
    if (edited === null) return;
    const save = () => saveDraft(edited.key, edited.draft);
    const timer = setTimeout(save, SAVE_AFTER_MS);
    window.addEventListener("pagehide", save);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pagehide", save);
      save();
    };
  }, [edited]);
  const noCalls = isTrace && recorded.data !== undefined && call === undefined;
  return {
    draft,
    version,
    calls,
    isChanged: kept !== null && JSON.stringify(kept) !== JSON.stringify(origin),
    isLoading: asked.isLoading,
    error: noCalls
      ? new Error("This trace has no call to a language model whose input was recorded.")
      : asked.error,
    retry: () => void asked.refetch(),
    change: (update) => setEdited({ key, draft: { ...draft, ...update } }),
    discard: () => setEdited({ key, draft: null }),
  };
}
