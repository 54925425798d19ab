import "@/ui/tokens.css";
import "@/ui/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "@/app/queries";
import { preloadPages, router } from "@/app/router";
import { applyTheme } from "@/app/theme";

const REST_MS = 1_000;

applyTheme();
// Not before the first page has all its answers: on a slow processor the other pages would compete with it.
const preload = setInterval(() => {
  if (queryClient.isFetching() > 0) return;
  clearInterval(preload);
  preloadPages();
}, REST_MS);
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
