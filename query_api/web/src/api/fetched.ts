import { LostServerError, problemOf } from "@/api/problem";

/**
 * The response of an address that the typed client cannot ask for as it should: files, streams, exact numbers.
 *
 * @throws LostServerError when no answer came.
 * @throws ProblemError when the server refused.
 */
export async function fetched(address: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new LostServerError();
  }
  if (!response.ok) throw problemOf(response.status, await response.json().catch(() => null));
  return response;
}
