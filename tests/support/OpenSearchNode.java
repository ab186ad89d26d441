/** One node of OpenSearch on loopback, without its security plugin. Arguments: folder, HTTP port, transport port. Prints "ready". */
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

public class OpenSearchNode {
  /** The constructor that takes plugins is for those who derive. */
  private static final class WithHttp extends Node {
    WithHttp(Environment environment) {
      super(environment, List.of(Netty4Plugin.class), false);
    }
  }

  public static void main(String[] arguments) throws Exception {
    Settings settings =
        Settings.builder()
            .put("path.home", arguments[0])
            .put("http.port", arguments[1])
            .put("transport.port", arguments[2])
            .put("network.host", "127.0.0.1")
            .put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
    new WithHttp(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "test")).start();
    System.out.println("ready");
    Thread.currentThread().join();
  }
}
