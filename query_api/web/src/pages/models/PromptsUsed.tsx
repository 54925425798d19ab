import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Period } from "@/api/period";
import { promptFilter, promptsQuery } from "@/pages/models/prompts";
import { ErrorBox } from "@/ui/ErrorBox";
import { count } from "@/ui/format";
import { Loading } from "@/ui/Loading";

/** The versions of prompts that the version's traces were made with. */
export function PromptsUsed({ modelId, period }: { modelId: string; period: Period }) {
  const { data, error, refetch } = useQuery(promptsQuery(modelId, period));
  if (error) return <ErrorBox error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading heightPx={60} />;
  if (data.length === 0)
    return (
      <p className="muted">
        No trace of the period was made with a registered prompt. <code>spanfold.load_prompt()</code> notes
        which one is used.
      </p>
    );
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col">Prompt</th>
          <th scope="col" className="number">
            Traces
          </th>
        </tr>
      </thead>
      <tbody>
        {data.map(({ reference, name, version, count: traces }) => (
          <tr key={reference}>
            <td>
              <Link to="/prompts" search={{ name, version }}>
                {name} <span className="muted">version {version}</span>
              </Link>
            </td>
            <td className="number">
              <Link to="/traces" search={{ ...period, model_id: modelId, filter: promptFilter(reference) }}>
                {count(traces)}
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
