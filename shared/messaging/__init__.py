"""Events between processes: one port, RabbitMQ or the embedded broker on PostgreSQL behind it."""
