public import AMQP

/// What went wrong with the queue.
public typealias QueueError = AMQPError
