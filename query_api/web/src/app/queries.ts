import { QueryClient } from "@tanstack/react-query";
import { LostServerError, ProblemError } from "@/api/problem";

const FRESH_MS = 15_000;

/** What was asked stays for a while: going back shows it at once, and it is asked again behind it. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      refetchOnWindowFocus: false,
      // A fault of the request stays one. An overloaded server may answer a moment later.
      retry: (count, error) =>
        !(error instanceof LostServerError) &&
        error instanceof ProblemError &&
        error.status === 503 &&
        count < 2,
      networkMode: "always", // the server is mostly on this machine, whatever the browser says of the network
    },
    mutations: { networkMode: "always" },
  },
});
