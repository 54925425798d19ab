import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, api } from "@/api/client";
import type { Period } from "@/api/period";
import type { Compared } from "@/pages/compare/verdict";
import { promptsQuery, type UsedPrompt } from "@/pages/models/prompts";
import { DiffText } from "@/ui/DiffText";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";

/** The version of a prompt that most traces were made with. */
function mostUsed(used: readonly UsedPrompt[], name: string): UsedPrompt | null {
  const own = used.filter((one) => one.name === name);
  return own.reduce<UsedPrompt | null>((most, one) => (most && most.count >= one.count ? most : one), null);
}

/** A template as text: messages one after another. */
function templateText(template: unknown): string {
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return JSON.stringify(template, null, 2);
  return template
    .map((message: unknown) => {
      const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
      return `${String(role)}:\n${typeof content === "string" ? content : JSON.stringify(content, null, 2)}`;
    })
    .join("\n\n");
}

function useTemplate(used: UsedPrompt | null) {
  return useQuery({
    queryKey: ["prompt", used?.name, used?.version],
    queryFn: async ({ signal }) => {
      const path = { name: used?.name ?? "", version: used?.version ?? "" };
      const found = await answer(
        api.GET("/v1/prompts/{name}/versions/{version}", { params: { path }, signal }),
      );
      return templateText(found.template);
    },
    enabled: used !== null,
    retry: false,
  });
}

function labelOf(model: Compared, used: UsedPrompt | null): string {
  return `${model.name}: ${used === null ? "not used" : `version ${used.version}`}`;
}

interface OneProps {
  name: string;
  baseline: Compared;
  against: Compared;
  before: UsedPrompt | null;
  after: UsedPrompt | null;
}

function OnePrompt({ name, baseline, against, before, after }: OneProps) {
  const [old, made] = [useTemplate(before), useTemplate(after)];
  const error = old.error ?? made.error;
  const isSame = before?.version === after?.version;
  return (
    <div>
      <h3>
        <Link to="/prompts" search={{ name, version: (after ?? before)?.version }}>
          {name}
        </Link>{" "}
        {isSame && <span className="muted">version {before?.version} in both</span>}
      </h3>
      {error && <ErrorBox error={error} />}
      {!isSame && !error && (old.isLoading || made.isLoading) && <Loading heightPx={80} />}
      {!isSame && !error && !old.isLoading && !made.isLoading && (
        <DiffText
          before={old.data ?? null}
          after={made.data ?? null}
          beforeLabel={labelOf(baseline, before)}
          afterLabel={labelOf(against, after)}
        />
      )}
    </div>
  );
}

interface Props {
  baseline: Compared;
  against: Compared;
  period: Period;
}

/** The registered prompts that the traces of two versions were made with, and how they differ. */
export function PromptDiff({ baseline, against, period }: Props) {
  const [old, made] = useQueries({
    queries: [promptsQuery(baseline.model_id, period), promptsQuery(against.model_id, period)],
  });
  const error = old.error ?? made.error;
  const used = [old.data ?? [], made.data ?? []] as const;
  const names = [...new Set(used.flat().map(({ name }) => name))];
  return (
    <section className="stack" aria-label="Prompts">
      <h3>Prompts</h3>
      {error && <ErrorBox error={error} />}
      {!error && (old.isPending || made.isPending) && <Loading heightPx={40} />}
      {old.data && made.data && names.length === 0 && (
        <p className="muted">No trace of the two was made with a registered prompt.</p>
      )}
      {old.data &&
        made.data &&
        names.map((name) => (
          <OnePrompt
            key={name}
            name={name}
            baseline={baseline}
            against={against}
            before={mostUsed(used[0], name)}
            after={mostUsed(used[1], name)}
          />
        ))}
    </section>
  );
}
