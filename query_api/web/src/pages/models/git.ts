/** What the tags of the git family say of the source that a version was made from. */
export interface Git {
  commit: string | null;
  branch: string | null;
  /** The repository as it was recorded. */
  remote: string | null;
  /** Uncommitted changes; null where nobody told. */
  isDirty: boolean | null;
  /** The uncommitted changes as text. */
  diff: string | null;
  /** All tags of the family. */
  tags: [string, string][];
}

/** As the server tells them apart (`/v1/diff`). */
const FAMILY = /^(?:git|vcs|mlflow\.git|mlflow\.source\.git|spanfold\.git)[._]/;

export function isGitTag(key: string): boolean {
  return FAMILY.test(key);
}

/** The first tag of the family that ends in one of these words. */
function told(tags: readonly [string, string][], words: RegExp): string | null {
  return tags.find(([key, value]) => value !== "" && words.test(key.replace(FAMILY, "")))?.[1] ?? null;
}

/** Null: no tag tells of git. */
export function gitOf(all: Readonly<Record<string, string>>): Git | null {
  const tags = Object.entries(all).filter(([key]) => isGitTag(key));
  if (tags.length === 0) return null;
  const dirty = told(tags, /^dirty$/i);
  return {
    commit: told(tags, /^(commit|ref\.head\.revision|sha)$/i),
    branch: told(tags, /^(branch|ref\.head\.name)$/i),
    remote: told(tags, /^(remote|repo_?url|repository\.url\.full)$/i),
    isDirty: dirty === null ? null : dirty.toLowerCase() === "true",
    diff: told(tags, /^diff$/i),
    tags,
  };
}

/** Text of a commit as people read it. */
export function shortCommit(commit: string): string {
  return /^[0-9a-f]{12,64}$/i.test(commit) ? commit.slice(0, 8) : commit;
}

/**
 * The address of a repository in a browser; null where it is none.
 *
 * Tags are anybody's text: only plain http(s) addresses become links, and `git@host:path`, `host:path` and
 * `ssh://` are turned into one. Nothing that holds a user, a password or a query is.
 */
export function repositoryUrl(remote: string): string | null {
  const text = remote.trim().replace(/\.git\/?$/, "");
  const [, host, path] =
    /^(?:ssh:\/\/)?(?:git@)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::|\/)([\w.~/-]+)$/i.exec(text) ?? [];
  const address = host === undefined ? text : `https://${host}/${path}`;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return /^https?:$/.test(url.protocol) && isPlain && url.pathname.length > 1 ? url.href : null;
}

/** The address of a commit, where the host is one that has such addresses. */
export function commitUrl(git: Git): string | null {
  const repository = git.remote === null ? null : repositoryUrl(git.remote);
  if (repository === null || git.commit === null || !/^[0-9a-f]{7,64}$/i.test(git.commit)) return null;
  const { hostname } = new URL(repository);
  const path = /(^|\.)gitlab\./.test(hostname)
    ? "-/commit"
    : /(^|\.)bitbucket\./.test(hostname)
      ? "commits"
      : "commit";
  return `${repository}/${path}/${git.commit}`;
}
