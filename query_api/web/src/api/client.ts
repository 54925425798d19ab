import createClient from "openapi-fetch";
import { LostServerError, problemOf } from "@/api/problem";
import type { components, paths } from "@/api/schema";

export type Schemas = components["schemas"];

/** The REST interface, typed by its OpenAPI document: `await answer(api.GET("/v1/models", {...}))`. */
export const api = createClient<paths>({ baseUrl: window.location.origin });

interface Result<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/**
 * The answer of a request, or its error.
 *
 * @throws LostServerError when no answer came.
 * @throws ProblemError when the server refused.
 */
export async function answer<Data>(request: Promise<Result<Data>>): Promise<Data> {
  let result: Result<Data>;
  try {
    result = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new LostServerError();
  }
  if (!result.response.ok || result.data === undefined) throw problemOf(result.response.status, result.error);
  return result.data;
}
