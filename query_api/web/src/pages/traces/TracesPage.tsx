import { Page } from "@/ui/Page";

export default function TracesPage() {
  return <Page title="Traces">{null}</Page>;
}
