import { useQuery } from "@tanstack/react-query";
import { answer, api, type Schemas } from "@/api/client";
import { ProblemError } from "@/api/problem";

export type Endpoint = Schemas["EndpointAnswer"];

export const CHAT = "llm/v1/chat";

/** The gateway's endpoints; null where the server runs without a gateway. */
export function useEndpoints() {
  return useQuery({
    queryKey: ["gateway", "endpoints"],
    queryFn: async ({ signal }): Promise<Endpoint[] | null> => {
      try {
        return (await answer(api.GET("/api/2.0/endpoints/", { signal }))).endpoints;
      } catch (error) {
        if (error instanceof ProblemError && error.status === 404) return null;
        throw error;
      }
    },
  });
}
