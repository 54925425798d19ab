import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Layout, NoSuchPage, PageFailed } from "@/app/Layout";
import { validateSearch as compareSearch } from "@/pages/compare/search";
import { validateEvaluationSearch as evaluationSearch } from "@/pages/evaluations/evaluationSearch";
import { validateNewSearch as newEvaluationSearch } from "@/pages/evaluations/newSearch";
import { validateSearch as evaluationsSearch } from "@/pages/evaluations/search";
import { validateSearch as homeSearch } from "@/pages/home/search";
import { validateSearch as modelSearch } from "@/pages/models/modelSearch";
import { validateSearch as modelsSearch } from "@/pages/models/search";
import { validateSearch as promptsSearch } from "@/pages/prompts/search";
import { validateSearch as traceSearch } from "@/pages/trace/search";
import { validateSearch as tracesSearch } from "@/pages/traces/search";
import { Loading } from "@/ui/Loading";

// Each page is a file of its own in the build, fetched when it is first opened.
const root = createRootRoute({ component: Layout, notFoundComponent: NoSuchPage });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: homeSearch,
  component: lazyRouteComponent(() => import("@/pages/home/HomePage")),
});
const traces = createRoute({
  getParentRoute: () => root,
  path: "/traces",
  validateSearch: tracesSearch,
  component: lazyRouteComponent(() => import("@/pages/traces/TracesPage")),
});
const trace = createRoute({
  getParentRoute: () => root,
  path: "/traces/$traceId",
  validateSearch: traceSearch,
  component: lazyRouteComponent(() => import("@/pages/trace/TracePage")),
});
const models = createRoute({
  getParentRoute: () => root,
  path: "/models",
  validateSearch: modelsSearch,
  component: lazyRouteComponent(() => import("@/pages/models/ModelsPage")),
});
const model = createRoute({
  getParentRoute: () => root,
  path: "/models/$modelId",
  validateSearch: modelSearch,
  component: lazyRouteComponent(() => import("@/pages/models/ModelPage")),
});
const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import("@/pages/compare/ComparePage")),
});
const evaluations = createRoute({
  getParentRoute: () => root,
  path: "/evaluations",
  validateSearch: evaluationsSearch,
  component: lazyRouteComponent(() => import("@/pages/evaluations/EvaluationsPage")),
});
const newEvaluation = createRoute({
  getParentRoute: () => root,
  path: "/evaluations/new",
  validateSearch: newEvaluationSearch,
  component: lazyRouteComponent(() => import("@/pages/evaluations/NewEvaluationPage")),
});
const evaluation = createRoute({
  getParentRoute: () => root,
  path: "/evaluations/$evaluationId",
  validateSearch: evaluationSearch,
  component: lazyRouteComponent(() => import("@/pages/evaluations/EvaluationPage")),
});
const prompts = createRoute({
  getParentRoute: () => root,
  path: "/prompts",
  validateSearch: promptsSearch,
  component: lazyRouteComponent(() => import("@/pages/prompts/PromptsPage")),
});
const operations = createRoute({
  getParentRoute: () => root,
  path: "/operations",
  component: lazyRouteComponent(() => import("@/pages/operations/OperationsPage")),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    traces,
    trace,
    models,
    model,
    compare,
    evaluations,
    newEvaluation,
    evaluation,
    prompts,
    operations,
  ]),
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
});

/**
 * Fetch the pages that a question leads through once there is nothing else to do: they open at once, also while the
 * server is away. The others come when the pointer is on a link to them, which keeps the first load under 300 kB.
 */
export function preloadPages(): void {
  for (const { options } of [traces, trace, models, model, compare]) {
    const { component } = options as { component?: { preload?: () => Promise<unknown> } };
    component?.preload?.().catch(() => undefined); // opening the page tries again, and tells
  }
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
