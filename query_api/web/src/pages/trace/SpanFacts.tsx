import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { timeToFirstChunkMs } from "@/pages/trace/facts";
import styles from "@/pages/trace/Panel.module.css";
import { useModelName } from "@/pages/trace/queries";
import { type Node, type Span, selfMs, type Tree } from "@/pages/trace/tree";
import { quoted } from "@/ui/FilterBoxTokens";
import { count, duration, percent, usd } from "@/ui/format";
import { ModelLink } from "@/ui/ModelLink";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";
import { visible } from "@/ui/visible";

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Version({ name, modelId }: { name: string; modelId: string }) {
  const modelName = useModelName(modelId);
  if (modelId === "") return null;
  return (
    <Fact name={name}>
      <ModelLink modelId={modelId} name={modelName} />
    </Fact>
  );
}

function tokens(all: number | null, parts: [string, number | null][]): string {
  const said = parts
    .filter(([, number]) => number !== null)
    .map(([name, number]) => `${count(number)} ${name}`);
  return said.length === 0 ? count(all) : `${count(all)} (${said.join(", ")})`;
}

function CallFacts({ span }: { span: Span }) {
  const { request_model: asked, response_model: answered, cost_usd: cost, price_date: date } = span;
  const firstMs = timeToFirstChunkMs(span);
  return (
    <>
      {(asked || answered) && (
        <Fact name="Language model">
          {visible(asked || answered)}
          {asked && answered && asked !== answered && <span className="muted"> → {visible(answered)}</span>}
        </Fact>
      )}
      {span.provider && <Fact name="Provider">{visible(span.provider)}</Fact>}
      {span.input_tokens !== null && (
        <Fact name="Input tokens">
          {tokens(span.input_tokens, [
            ["cached", span.cached_input_tokens],
            ["written to the cache", span.cache_write_input_tokens],
          ])}
        </Fact>
      )}
      {span.output_tokens !== null && (
        <Fact name="Output tokens">{tokens(span.output_tokens, [["reasoning", span.reasoning_tokens]])}</Fact>
      )}
      {cost !== null && (
        <Fact name="Cost">
          <span title={date ? `Prices of ${date}` : "As the application said"}>{usd(cost)}</span>
        </Fact>
      )}
      {firstMs !== null && <Fact name="Time to first token">{duration(firstMs)}</Fact>}
      {span.finish_reasons.length > 0 && (
        <Fact name="Stopped">{visible(span.finish_reasons.join(", "))}</Fact>
      )}
    </>
  );
}

interface Props {
  tree: Tree;
  node: Node;
  criticalMs: number;
}

/** What is known of a span in single words and numbers. */
export function SpanFacts({ tree, node, criticalMs }: Props) {
  const { span } = node;
  return (
    <dl className={styles.facts}>
      <Fact name="Status">
        <Status status={span.status} />
      </Fact>
      <Fact name="Duration">{duration(node.endMs - node.startMs)}</Fact>
      <Fact name="Self time">
        <span title="What no child of it covers">{duration(selfMs(tree, node.index))}</span>
      </Fact>
      <Fact name="On the critical path">
        {criticalMs === 0
          ? "no"
          : `${duration(criticalMs)} (${percent(criticalMs / (tree.durationMs || criticalMs))})`}
      </Fact>
      <Fact name="Started">
        {node.startMs === 0 ? (
          <Time time={span.start_time} />
        ) : (
          <span title={`${span.start_time} UTC`}>{duration(node.startMs)} after the trace</span>
        )}
      </Fact>
      <CallFacts span={span} />
      <Fact name="Service">{visible(span.service_name)}</Fact>
      <Version name="Version" modelId={span.model_id} />
      <Version name="Called by version" modelId={span.caller_model_id} />
      {span.run_id && <Fact name="Run">{visible(span.run_id)}</Fact>}
      {span.conversation_id && (
        <Fact name="Conversation">
          <Link to="/traces" search={{ filter: `conversation_id = ${quoted(span.conversation_id)}` }}>
            {visible(span.conversation_id)}
          </Link>
        </Fact>
      )}
      {span.user_id && <Fact name="User">{visible(span.user_id)}</Fact>}
      {(span.missing_parent || span.detached) && (
        <Fact name="Place">
          {span.missing_parent
            ? "its parent did not come in"
            : node.parent < 0
              ? "its parents form a circle"
              : ""}
        </Fact>
      )}
    </dl>
  );
}
