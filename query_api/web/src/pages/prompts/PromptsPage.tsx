import { Page } from "@/ui/Page";

export default function PromptsPage() {
  return <Page title="Prompts">{null}</Page>;
}
