#!/usr/bin/env bash
# A bridge from ActiveMQ Artemis to the site's broker does not learn what is to be retained there.
#
# Packages: org.apache.activemq:artemis-server@2.40.0, org.apache.activemq:artemis-mqtt-protocol@2.40.0 (Maven Central),
#   paho-mqtt==2.1.0 (PyPI), a Java of 11 or newer, Maven
# Guess: a subscription with Retain As Published gets each message with the retain flag that its publisher set (MQTT 5, 3.8.3.1, MQTT-3.3.1-13),
#   which is there for bridges: what they pass on is retained on the other side too. Who cannot do it refuses the subscription.
# Behaviour: the option is taken and nothing follows from it: the flag is 0 with it and without it.
# Seen: 2026-11-30, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages paho-mqtt==2.1.0
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.activemq</groupId><artifactId>artemis-server</artifactId><version>2.40.0</version></dependency>
    <dependency><groupId>org.apache.activemq</groupId><artifactId>artemis-mqtt-protocol</artifactId><version>2.40.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib >maven.log 2>&1
cat >Broker.java <<'JAVA'
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;

public class Broker {
    public static void main(String[] port) throws Exception {
        ConfigurationImpl asked = new ConfigurationImpl();
        asked.setPersistenceEnabled(false).setSecurityEnabled(false);
        asked.addAcceptorConfiguration("mqtt", "tcp://127.0.0.1:" + port[0] + "?protocols=MQTT");
        EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
        broker.setConfiguration(asked);
        broker.start();
        System.out.println("ready");
        System.in.readAllBytes();
        broker.stop();
        System.exit(0);
    }
}
JAVA
"$python" -I - >"$saw" <<'PYTHON'
import queue
import socket
import subprocess

import paho.mqtt.client as mqtt
from paho.mqtt.subscribeoptions import SubscribeOptions

with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]
broker = subprocess.Popen(
    ["java", "-cp", "lib/*", "Broker.java", str(PORT)],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
)
while broker.stdout.readline() != "ready\n":
    assert broker.poll() is None


class Client:
    def __init__(self, name):
        self.came, self.subscribed, connected = queue.Queue(), queue.Queue(), queue.Queue()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
        self.client.on_connect = lambda *_: connected.put(True)
        self.client.on_subscribe = lambda *_: self.subscribed.put(True)
        self.client.on_message = lambda _client, _data, message: self.came.put(message)
        self.client.connect("127.0.0.1", PORT)
        self.client.loop_start()
        connected.get(timeout=60)

    def subscribe(self, topic_filter, options):
        self.client.subscribe(topic_filter, options=options)
        self.subscribed.get(timeout=60)

    def publish(self, topic, text, qos=1, retain=False):
        self.client.publish(topic, text, qos, retain).wait_for_publish(60)

    def until(self, text):
        """Every message up to the one of this text, which is left out."""
        while (message := self.came.get(timeout=60)).payload.decode() != text:
            yield message


line = Client("line")
for keeps in (False, True):
    bridge = Client(f"bridge {keeps}")
    bridge.subscribe(f"line{keeps:d}/#", SubscribeOptions(qos=1, retainAsPublished=keeps))
    for retain in (False, True):
        line.publish(f"line{keeps:d}/state", f"retain {retain}", retain=retain)
    line.publish(f"line{keeps:d}/state", "the end")
    told = [f"{message.payload.decode()} comes with {bool(message.retain)}" for message in bridge.until("the end")]
    print(f"retain as published {keeps}:", "; ".join(told))
broker.stdin.close()
broker.wait()
PYTHON

still_seen <<'SEEN'
retain as published False: retain False comes with False; retain True comes with False
retain as published True: retain False comes with False; retain True comes with False
SEEN
