import type { ReactNode } from "react";
import { gitOf, isGitTag, shortCommit } from "@/pages/models/git";
import styles from "@/pages/models/Versions.module.css";
import type { Trend, Version } from "@/pages/models/versions";
import { courseOf, type Pieces } from "@/ui/course";
import { count, duration, percent, score, shareOf, usd } from "@/ui/format";
import { ModelLink } from "@/ui/ModelLink";
import { Sparkline } from "@/ui/Sparkline";
import { Status } from "@/ui/Status";
import { Time } from "@/ui/Time";

const SHOWN_TAGS = 3;
const SHOWN_SCORES = 2;

interface CellProps {
  label: string;
  course?: (number | null)[] | undefined;
  courseLabel?: string;
  color?: string;
  children: ReactNode;
}

/** Figures, and their course over the period. */
function Cell({ label, course, courseLabel = label, color, children }: CellProps) {
  return (
    <td data-label={label}>
      <div className={styles.figure}>
        <span className={styles.value}>{children}</span>
        {course !== undefined && (
          <Sparkline
            values={course}
            label={`${courseLabel} over the period`}
            widthPx={72}
            {...(color !== undefined && { color })}
          />
        )}
      </div>
    </td>
  );
}

function Scores({ trend, span }: { trend: Trend; span: Pieces | undefined }) {
  const shown = trend.scores.slice(0, SHOWN_SCORES);
  if (shown.length === 0) return <span className="muted">–</span>;
  return (
    <>
      {shown.map(({ name, mean, label_counts }) => (
        <div key={name} className={styles.score}>
          <span className={styles.scoreName} title={name}>
            {name}
          </span>
          <span className={styles.value}>
            {mean !== null ? score(mean) : (Object.keys(label_counts)[0] ?? "–")}
          </span>
          {span !== undefined && mean !== null && (
            <Sparkline
              values={courseOf(span, trend.buckets, ({ scores }) => scores[name], null)}
              label={`${name} over the period`}
              widthPx={56}
              color="var(--series-3)"
            />
          )}
        </div>
      ))}
      {trend.scores.length > SHOWN_SCORES && (
        <span className="muted">and {trend.scores.length - SHOWN_SCORES} more</span>
      )}
    </>
  );
}

function Figures({ trend, span }: { trend: Trend; span: Pieces | undefined }) {
  const course = (figure: (bucket: Trend["buckets"][number]) => number | null, nothing: 0 | null) =>
    span === undefined ? undefined : courseOf(span, trend.buckets, figure, nothing);
  const hasTraffic = trend.trace_count > 0;
  return (
    <>
      <Cell label="Traces" course={hasTraffic ? course(({ trace_count }) => trace_count, 0) : undefined}>
        {count(trend.trace_count)}
      </Cell>
      <Cell
        label="Errors"
        course={trend.error_count > 0 ? course(({ error_count }) => error_count, 0) : undefined}
        color="var(--error)"
      >
        {percent(shareOf(trend.error_count, trend.trace_count))}
      </Cell>
      <Cell
        label="Latency"
        course={hasTraffic ? course(({ latency_p95_ms }) => latency_p95_ms, null) : undefined}
        courseLabel="95th percentile of the latency"
        color="var(--series-2)"
      >
        {hasTraffic ? (
          <>
            {duration(trend.latency_p50_ms)} <span className="muted">p50</span>
            <br />
            {duration(trend.latency_p95_ms)} <span className="muted">p95</span>
          </>
        ) : (
          "–"
        )}
      </Cell>
      <td data-label="Quality">
        <Scores trend={trend} span={span} />
      </td>
      <Cell
        label="Cost"
        course={trend.cost_usd !== null ? course(({ cost_usd }) => cost_usd, 0) : undefined}
        color="var(--series-4)"
      >
        {usd(trend.cost_usd)}
        {trend.cost_usd !== null && (
          <>
            <br />
            {usd(shareOf(trend.cost_usd, trend.trace_count))} <span className="muted">a trace</span>
          </>
        )}
      </Cell>
    </>
  );
}

interface Props {
  version: Version;
  span: Pieces | undefined;
  isMarked: boolean;
  isChosen: boolean;
  canChoose: boolean;
  onChoose: () => void;
}

/** One version of the list. */
export function VersionRow({
  version: { model, trend },
  span,
  isMarked,
  isChosen,
  canChoose,
  onChoose,
}: Props) {
  const tags = Object.entries(model.tags).filter(([key]) => !isGitTag(key));
  const git = gitOf(model.tags);
  return (
    <tr data-marked={isMarked || undefined} data-version={model.model_id}>
      <td className={styles.choice}>
        <input
          type="checkbox"
          aria-label={`Choose ${model.name} to compare`}
          checked={isChosen}
          disabled={!isChosen && !canChoose}
          onChange={onChoose}
        />
      </td>
      <td className={styles.version}>
        <div className="row">
          <ModelLink modelId={model.model_id} name={model.name} />
          {model.status !== "READY" && model.status !== "UNSPECIFIED" && <Status status={model.status} />}
        </div>
        <div className={styles.about}>
          <Time time={model.creation_time} form="ago" />
          {git?.commit && (
            <span className={styles.tag} title={git.commit}>
              {git.branch ? `${git.branch} @ ` : ""}
              {shortCommit(git.commit)}
              {git.isDirty && ", uncommitted changes"}
            </span>
          )}
          {tags.slice(0, SHOWN_TAGS).map(([key, value]) => (
            <span key={key} className={styles.tag} title={`${key}: ${value}`}>
              {key}: {value}
            </span>
          ))}
          {tags.length > SHOWN_TAGS && <span>and {tags.length - SHOWN_TAGS} more tags</span>}
        </div>
      </td>
      {trend === null ? (
        <td colSpan={5} className="muted">
          –
        </td>
      ) : (
        <Figures trend={trend} span={span} />
      )}
    </tr>
  );
}
