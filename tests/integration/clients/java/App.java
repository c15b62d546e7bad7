// A server of the JDK's with the X-Ray SDK: each request asks the sampling strategy, as the SDK's servlet filter does.

import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.entities.TraceID;
import com.amazonaws.xray.strategy.sampling.CentralizedSamplingStrategy;
import com.amazonaws.xray.strategy.sampling.SamplingRequest;
import com.amazonaws.xray.strategy.sampling.SamplingResponse;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;

public class App {
    private static final String SERVICE = "orders-java";
    private static final AWSXRayRecorder RECORDER = AWSXRayRecorderBuilder.standard()
        .withSamplingStrategy(new CentralizedSamplingStrategy()).build();

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", App::answer);
        server.start();
        System.out.println("listening");
    }

    private static void answer(HttpExchange exchange) throws IOException {
        String method = exchange.getRequestMethod();
        String path = exchange.getRequestURI().getPath();
        SamplingResponse decision = RECORDER.getSamplingStrategy()
            .shouldTrace(new SamplingRequest(SERVICE, "localhost", path, method, ""));
        if (decision.isSampled()) {
            record(method, path, decision.getRuleName().orElse(""));
        }
        byte[] body = (decision.isSampled() ? "sampled" : "not sampled").getBytes();
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static void record(String method, String path, String rule) {
        Segment segment = RECORDER.beginSegment(SERVICE, TraceID.create(RECORDER), null);
        segment.setRuleName(rule);
        segment.putHttp("request", Map.of("method", method, "url", "http://localhost" + path));
        segment.putHttp("response", Map.of("status", 200));
        Subsegment part = RECORDER.beginSubsegment("load");
        part.putAnnotation("plan", "gold");
        part.addException(new IllegalStateException("no stock"));
        RECORDER.endSubsegment();
        RECORDER.endSegment();
    }
}
