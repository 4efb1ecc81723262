#pragma once
#include <sys/time.h>

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <sys/eventfd.h>

// amqp_login_with_properties is variadic, which Swift does not import. The capabilities ask the broker to say when
// it blocks publishers (connection.blocked), which the library by itself does not.
static inline amqp_rpc_reply_t crmsync_amqp_login(amqp_connection_state_t state, const char *vhost, int heartbeat,
                                                  const char *name, const char *user, const char *password) {
  amqp_table_entry_t capability;
  capability.key = amqp_cstring_bytes("connection.blocked");
  capability.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  capability.value.value.boolean = 1;
  amqp_table_entry_t entries[2];
  entries[0].key = amqp_cstring_bytes("capabilities");
  entries[0].value.kind = AMQP_FIELD_KIND_TABLE;
  entries[0].value.value.table.num_entries = 1;
  entries[0].value.value.table.entries = &capability;
  entries[1].key = amqp_cstring_bytes("connection_name");
  entries[1].value.kind = AMQP_FIELD_KIND_UTF8;
  entries[1].value.value.bytes = amqp_cstring_bytes(name);
  amqp_table_t properties = {2, entries};
  return amqp_login_with_properties(state, vhost, 0, 131072, heartbeat, &properties, AMQP_SASL_METHOD_PLAIN, user,
                                    password);
}

// A queue with the two arguments that can never change: its type, and where unreadable messages go.
static inline amqp_queue_declare_ok_t *crmsync_amqp_declare_quorum(amqp_connection_state_t state,
                                                                   amqp_channel_t channel, const char *queue,
                                                                   const char *dead_letter_exchange) {
  amqp_table_entry_t entries[2];
  entries[0].key = amqp_cstring_bytes("x-queue-type");
  entries[0].value.kind = AMQP_FIELD_KIND_UTF8;
  entries[0].value.value.bytes = amqp_cstring_bytes("quorum");
  entries[1].key = amqp_cstring_bytes("x-dead-letter-exchange");
  entries[1].value.kind = AMQP_FIELD_KIND_UTF8;
  entries[1].value.value.bytes = amqp_cstring_bytes(dead_letter_exchange ? dead_letter_exchange : "");
  amqp_table_t arguments = {dead_letter_exchange ? 2 : 1, entries};
  return amqp_queue_declare(state, channel, amqp_cstring_bytes(queue), 0, 1, 0, 0, arguments);
}
