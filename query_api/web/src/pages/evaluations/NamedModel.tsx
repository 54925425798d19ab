import { useQuery } from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { ModelLink } from "@/ui/ModelLink";

/** The name of a version; undefined while, and where, it is not known. */
export function useModelName(modelId: string): string | undefined {
  const found = useQuery({
    queryKey: ["model", modelId],
    queryFn: ({ signal }) =>
      answer(api.GET("/v1/models/{model_id}", { params: { path: { model_id: modelId } }, signal })),
    enabled: modelId !== "",
    retry: false,
  });
  return found.data?.name;
}

/** A version by its name, which is asked for. */
export function NamedModel({ modelId }: { modelId: string }) {
  return <ModelLink modelId={modelId} name={useModelName(modelId)} />;
}

/** Several versions: the first ones by name, of the others how many. */
export function NamedModels({ modelIds, most = 3 }: { modelIds: readonly string[]; most?: number }) {
  if (modelIds.length === 0) return <span className="muted">any</span>;
  return (
    <>
      {modelIds.slice(0, most).map((modelId, index) => (
        <span key={modelId}>
          {index > 0 && ", "}
          <NamedModel modelId={modelId} />
        </span>
      ))}
      {modelIds.length > most && <span className="muted"> and {modelIds.length - most} more</span>}
    </>
  );
}
