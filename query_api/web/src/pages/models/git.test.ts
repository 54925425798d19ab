import { expect, test } from "vitest";
import { commitUrl, gitOf, repositoryUrl } from "@/pages/models/git";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

test("only plain addresses of repositories become links", () => {
  expect(repositoryUrl("https://example.org/team/app.git")).toBe("https://example.org/team/app");
  expect(repositoryUrl("git@example.org:team/app.git")).toBe("https://example.org/team/app");
  expect(repositoryUrl("example.org:team/app.git")).toBe("https://example.org/team/app");
  expect(repositoryUrl("ssh://git@example.org/team/app")).toBe("https://example.org/team/app");
  for (const hostile of [
    "javascript:alert(1)",
    "data:text/html,x",
    "https://user:secret@example.org/app",
    "https://example.org/app?next=//evil.example",
    "/srv/git/app",
    "file:///etc/passwd",
    "",
  ])
    expect([hostile, repositoryUrl(hostile)]).toEqual([hostile, null]);
});

test("a commit is found where its host shows it", () => {
  const of = (remote: string) => commitUrl(gitOf({ "git.commit": COMMIT, "git.remote": remote }) as never);
  expect(of("https://example.org/app")).toBe(`https://example.org/app/commit/${COMMIT}`);
  expect(of("git@gitlab.example.org:a/b.git")).toBe(`https://gitlab.example.org/a/b/-/commit/${COMMIT}`);
  expect(of("/srv/app")).toBeNull();
});

test("git is told by the tags of spanfold and of MLflow", () => {
  expect(gitOf({ team: "ml" })).toBeNull();
  const git = gitOf({
    "mlflow.git.commit": COMMIT,
    "mlflow.git.dirty": "True",
    "mlflow.git.repo_url": "https://example.org/app",
    "mlflow.git.diff": "+x",
  });
  expect([git?.commit, git?.isDirty, git?.remote, git?.diff]).toEqual([
    COMMIT,
    true,
    "https://example.org/app",
    "+x",
  ]);
});
