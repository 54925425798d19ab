import { Link } from "@tanstack/react-router";
import type { Search } from "@/pages/traces/search";
import type { Asked } from "@/pages/traces/traceList";
import { Empty } from "@/ui/Empty";

interface Props {
  asked: Asked;
  isLive: boolean;
  change: (changes: Partial<Search>) => void;
}

/** Why nothing was found, and what to do about it. */
export function NoTraces({ asked: { filter, model_id, since, start, end }, isLive, change }: Props) {
  const isNarrow = filter !== undefined || model_id !== undefined;
  const isPeriod = since !== undefined || start !== undefined || end !== undefined;
  if (isLive) return <Empty title="Waiting for traces">They show here as they come in.</Empty>;
  return (
    <Empty title={isNarrow || isPeriod ? "No trace matches" : "No traces yet"}>
      {!isNarrow && !isPeriod && (
        <p>
          <Link to="/">Home</Link> shows how to send the first one.
        </p>
      )}
      <div className="row">
        {isPeriod && (
          <button
            type="button"
            className="button"
            onClick={() => change({ since: undefined, start: undefined, end: undefined })}
          >
            Look at all time
          </button>
        )}
        {isNarrow && (
          <button
            type="button"
            className="button"
            onClick={() => change({ filter: undefined, model_id: undefined })}
          >
            Clear the filter
          </button>
        )}
      </div>
    </Empty>
  );
}
