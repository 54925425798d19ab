/** Searches under a name of one's own. They are this browser's: no server knows of them. */

export interface View {
  name: string;
  /** The address's search parameters: `?filter=…&since=24h`. */
  search: string;
}

const KEY = "spanfold.traces.views";
export const MAX_VIEWS = 100;
export const MAX_NAME_CHARS = 80;
const MAX_SEARCH_CHARS = 8_000;
export const MAX_FILE_CHARS = 1_000_000;

function viewsIn(text: string): View[] {
  const read: unknown = JSON.parse(text);
  if (!Array.isArray(read)) throw new Error("it is no list of views");
  const views = read.map((one: unknown) => {
    const { name, search } = (one ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || name.trim() === "" || name.length > MAX_NAME_CHARS)
      throw new Error(`each view needs a "name" of 1 to ${MAX_NAME_CHARS} characters`);
    if (typeof search !== "string" || search.length > MAX_SEARCH_CHARS || !/^(\?|$)/.test(search))
      throw new Error(`the "search" of ${name} must be what follows an address, such as "?since=24h"`);
    return { name: name.trim(), search };
  });
  if (views.length > MAX_VIEWS) throw new Error(`there can be ${MAX_VIEWS} views at most`);
  return views;
}

/** Those that are kept; none where the browser keeps nothing, or something else. */
export function loadViews(): View[] {
  try {
    return viewsIn(localStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** @throws Error where the browser keeps nothing. */
export function storeViews(views: readonly View[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(views));
  } catch {
    throw new Error("this browser does not let pages keep anything: allow it for this address");
  }
}

/** The views with one more; one of the same name gives way. */
export function withView(views: readonly View[], view: View): View[] {
  const others = views.filter(({ name }) => name !== view.name);
  if (others.length >= MAX_VIEWS)
    throw new Error(`there are ${MAX_VIEWS} views, the most there can be: delete one`);
  return [...others, view].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The views with those of a file, which win over ones of the same name. */
export function withFile(views: readonly View[], text: string): View[] {
  if (text.length > MAX_FILE_CHARS) throw new Error("the file is larger than 1 MB");
  let read: View[];
  try {
    read = viewsIn(text);
  } catch (error) {
    throw new Error(`this file has no views: ${error instanceof Error ? error.message : String(error)}`);
  }
  return read.reduce<View[]>(withView, [...views]);
}
