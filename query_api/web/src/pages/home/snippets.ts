/** A way to send the first trace, to be copied. */
interface Snippet {
  title: string;
  text: string;
  code: string;
}

const LOOPBACK = /^(localhost|127\.[0-9.]+|\[::1\])$/;

/** The collector's address as seen from where the page is looked at: its own "localhost" is another one's. */
export function reachedFrom(endpoint: string, pageHost: string): string {
  const address = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (address === null || !LOOPBACK.test(address.hostname) || LOOPBACK.test(pageHost)) return endpoint;
  address.hostname = pageHost;
  return address.origin;
}

/** Ways to send the first trace to this server: `otlp` is its collector's address, `origin` its own. */
export function snippets(otlp: string, origin: string): readonly Snippet[] {
  const where = `export OTEL_EXPORTER_OTLP_ENDPOINT=${otlp}`;
  const whereBoth = `${where}\nexport SPANFOLD_ENDPOINT=${origin}`;
  return [
    {
      title: "Look around with a demo",
      text: "A real application, three versions of it, 360 questions: half a minute.",
      code: `${whereBoth}\nspanfold demo --endpoint ${origin}`,
    },
    {
      title: "A Python application, untouched",
      text: "Its calls to models, its web framework and its HTTP calls; the version is the commit that runs.",
      code: `${whereBoth}\nspanfold run --model git --service-name my-app python app.py`,
    },
    {
      title: "A Python function",
      text: "Two lines: which version runs, and what to trace.",
      code: `${whereBoth}
cat > first.py <<'PYTHON'
import spanfold

spanfold.set_active_model(name="my-app-v1")

@spanfold.trace
def answer(question: str) -> str:
    return f"You asked: {question}"

answer("Where is my parcel?")
PYTHON
python first.py`,
    },
    {
      title: "Any language, any OpenTelemetry SDK",
      text: "No spanfold in the application: the resource names the version.",
      code: `${where}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_RESOURCE_ATTRIBUTES=service.name=my-app,spanfold.model.id=my-app-v1
opentelemetry-instrument python app.py`,
    },
  ];
}
