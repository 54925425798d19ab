import "@/ui/tokens.css";
import "@/ui/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "@/app/queries";
import { preloadPages, router } from "@/app/router";
import { applyTheme } from "@/app/theme";

const PRELOAD_MS = 5_000;

applyTheme();
if ("requestIdleCallback" in window) requestIdleCallback(preloadPages, { timeout: PRELOAD_MS });
else setTimeout(preloadPages, PRELOAD_MS); // Safari
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
