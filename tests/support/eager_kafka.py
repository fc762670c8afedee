"""A broker that compacts at once, for tests of what compaction leaves."""

from __future__ import annotations

from marktplatz.infrastructure.kafka_native import NativeKafka


class EagerKafka(NativeKafka):
    """A broker whose cleaner hardly rests."""

    def configure(self) -> list[str]:
        command = super().configure()
        with (self.data_dir / "server.properties").open("a", encoding="utf-8") as file:
            file.write("log.cleaner.backoff.ms=200\n")
        return command
