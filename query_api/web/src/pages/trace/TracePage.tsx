import { Page } from "@/ui/Page";

export default function TracePage() {
  return <Page title="Trace">{null}</Page>;
}
