extension OpenAPI {
    /// Shapes of jobs, tasks and slots.
    static let workSchemas = #"""
            "JobView": {
              "type": "object",
              "properties": {
                "revision": { "type": "integer",
                  "description": "Grows with every change of the job; what ?since= compares." },
                "job": { "type": "integer", "minimum": 1, "description": "Its number." },
                "app": { "type": "string" }, "name": { "type": "string" },
                "kind": { "$ref": "#/components/schemas/JobKind" },
                "state": { "$ref": "#/components/schemas/JobState" },
                "reason": { "type": "string", "description": "Why it is in this state; may be empty." },
                "tasks": { "$ref": "#/components/schemas/TaskCountsView" },
                "isOpen": { "type": "boolean", "description": "More tasks may be appended." },
                "priority": { "type": "integer" },
                "submitter": { "type": "string",
                  "description": "The name of the token that submitted it." },
                "submittedAt": { "type": "string", "format": "date-time" },
                "endedAt": { "type": "string", "format": "date-time" },
                "specification": { "$ref": "#/components/schemas/JobSpecification" }
              },
              "required": [
                "revision", "job", "app", "name", "kind", "state", "reason", "tasks", "isOpen",
                "priority", "submitter", "submittedAt"
              ]
            },
            "TaskCountsView": {
              "type": "object", "description": "Tasks of a tasks job; slots of a batch or service job.",
              "properties": {
                "total": { "type": "integer" }, "ready": { "type": "integer" },
                "running": { "type": "integer" }, "succeeded": { "type": "integer" },
                "failed": { "type": "integer" }, "canceled": { "type": "integer" },
                "retried": { "type": "integer",
                  "description": "Attempts that failed and were tried again." }
              },
              "required": [
                "total", "ready", "running", "succeeded", "failed", "canceled", "retried"
              ]
            },
            "TaskView": {
              "type": "object",
              "properties": {
                "job": { "type": "integer", "minimum": 1 }, "index": { "type": "integer" },
                "state": { "$ref": "#/components/schemas/TaskState" },
                "attempt": { "type": "integer",
                  "description": "Executions begun so far; 0 before the first." },
                "exitCode": { "type": "integer",
                  "description": "0...255, 128+n for signal n, 124 for a timeout." },
                "reason": { "type": "string" },
                "payload": { "type": "string",
                  "description": "Only in show, and only for tasks with one." },
                "slot": { "type": "integer", "minimum": 1 },
                "node": { "type": "integer", "minimum": 1 }, "nodeName": { "type": "string" },
                "startedAt": { "type": "string", "format": "date-time" },
                "durationSeconds": { "type": "number" }
              },
              "required": [
                "job", "index", "state", "attempt", "reason"
              ]
            },
            "SlotView": {
              "type": "object",
              "properties": {
                "slot": { "type": "integer", "minimum": 1 },
                "generation": { "type": "integer", "description": "Grows with every assignment." },
                "job": { "type": "integer", "minimum": 1 },
                "state": { "$ref": "#/components/schemas/SlotState" }, "reason": { "type": "string" },
                "node": { "type": "integer", "minimum": 1 }, "nodeName": { "type": "string" },
                "devices": { "type": "array", "items": { "$ref": "#/components/schemas/DeviceGrant" } },
                "exitCode": { "type": "integer" },
                "tasks": { "type": "integer", "description": "Tasks that it holds now." },
                "createdAt": { "type": "string", "format": "date-time" },
                "since": { "type": "string", "format": "date-time" }
              },
              "required": [
                "slot", "generation", "job", "state", "reason", "devices", "tasks", "createdAt", "since"
              ]
            },
            "DeviceGrant": {
              "type": "object",
              "properties": {
                "device": { "type": "integer", "description": "Position in the node's device list." },
                "shares": { "type": "integer", "description": "In 1/1000." }
              },
              "required": [
                "device", "shares"
              ]
            },
            "SubmitRequest": {
              "type": "object",
              "properties": {
                "specification": { "$ref": "#/components/schemas/JobSpecification" },
                "payloads": { "type": "array", "items": { "type": "string" },
                  "description": "One per task, at most 100,000; more are appended." }
              },
              "required": [
                "specification"
              ],
              "additionalProperties": false
            },
            "AppendTasksRequest": {
              "type": "object",
              "properties": {
                "payloads": { "type": "array", "items": { "type": "string" } },
                "close": { "type": "boolean", "description": "No more tasks will follow." }
              },
              "required": [
                "payloads", "close"
              ],
              "additionalProperties": false
            },
            "RetryTasksRequest": {
              "type": "object",
              "properties": {
                "indices": { "type": "array", "items": { "type": "integer" },
                  "description": "Left out: all that failed or were canceled." }
              },
              "additionalProperties": false
            },
            "RetryTasksAnswer": {
              "type": "object",
              "properties": {
                "retried": { "type": "integer" }
              },
              "required": [
                "retried"
              ]
            },
            "JobSpecification": {
              "type": "object",
              "properties": {
                "app": { "type": "string", "description": "Named group of jobs; at most 253 bytes." },
                "job": { "type": "string", "description": "The job's name; at most 253 bytes." },
                "kind": { "$ref": "#/components/schemas/JobKind" },
                "command": { "$ref": "#/components/schemas/JobCommand" },
                "environment": { "type": "array", "items": { "type": "string" },
                  "description": "NAME=value." },
                "directory": { "type": "string",
                  "description": "Absolute; a fresh one of the slot by default." },
                "runtime": { "$ref": "#/components/schemas/Runtime" },
                "resources": { "$ref": "#/components/schemas/ResourceRequest" },
                "constraints": { "type": "array", "items": { "type": "string" },
                  "description": "All must hold, of several nodes= one: arch=ARCH, pool=NAME, node=NAME, nodes=REGEX, nodes=REGEX:COUNT, label:KEY=VALUE, labels:KEY=VALUE,VALUE, label:KEY (has it), !label:KEY (lacks it), with=JOB, apart=JOB." },
                "slots": { "$ref": "#/components/schemas/SlotCount" },
                "array": { "$ref": "#/components/schemas/TaskArray" },
                "isOpen": { "type": "boolean",
                  "description": "Tasks may be appended until it is closed." },
                "timeoutSeconds": { "type": "integer", "minimum": 1, "maximum": 31536000 },
                "stopGraceSeconds": { "type": "integer", "minimum": 0, "maximum": 3600,
                  "description": "Between TERM and KILL; 5 by default." },
                "retries": { "$ref": "#/components/schemas/RetryPolicy" },
                "priority": { "type": "integer", "minimum": -1000, "maximum": 1000,
                  "description": "Higher goes first." },
                "onDisconnect": { "$ref": "#/components/schemas/DisconnectPolicy" },
                "onLost": { "$ref": "#/components/schemas/LossPolicy" },
                "outputLimitBytes": { "type": "integer", "minimum": 4096, "maximum": 1073741824,
                  "description": "Newest bytes kept of each stream; 16 MiB by default." },
                "crashLimit": { "type": "integer", "minimum": 0, "maximum": 100,
                  "description": "Executions that may go down with their node or supervisor; 3 by default, 0: any." },
                "timeRequestSeconds": { "type": "integer", "minimum": 1, "maximum": 31536000,
                  "description": "How long a task or batch command takes; unknown by default." },
                "warningSignal": { "$ref": "#/components/schemas/WarningSignal" },
                "bindsProcessors": { "type": "boolean",
                  "description": "Slots run only on processors near their devices; false by default." },
                "admission": { "$ref": "#/components/schemas/Admission" },
                "placement": { "$ref": "#/components/schemas/PlacementRules" }
              },
              "required": [
                "app", "job", "kind", "command"
              ],
              "additionalProperties": false
            },
            "Admission": {
              "type": "object",
              "description": "What must hold on the node before the command, or a task, begins; nothing by default.",
              "properties": {
                "freeSpace": { "type": "array", "maxItems": 16,
                  "items": { "$ref": "#/components/schemas/PathAmount" },
                  "description": "The file systems of these paths have at least so much free space." },
                "directoryQuota": { "type": "array", "maxItems": 16,
                  "items": { "$ref": "#/components/schemas/PathAmount" },
                  "description": "These directories take less disk space than that." },
                "check": { "type": "string", "description": "A line for /bin/sh that ends with 0." },
                "intervalSeconds": { "type": "integer", "minimum": 1, "maximum": 3600,
                  "description": "A yes holds so long, after a no the node looks again then; 10 by default." }
              },
              "additionalProperties": false
            },
            "PathAmount": {
              "type": "object",
              "properties": {
                "path": { "type": "string", "description": "Absolute." },
                "bytes": { "type": "integer", "format": "int64", "minimum": 1 }
              },
              "required": [
                "path", "bytes"
              ],
              "additionalProperties": false
            },
            "WarningSignal": { "type": "string", "enum": ["HUP", "INT", "USR1", "USR2"],
              "description": "Sent to the command when its node's time is about to end; none by default." },
            "JobCommand": {
              "type": "object", "additionalProperties": false,
              "description": "argv as it is, or a script for /bin/sh (or what its #! names).",
              "properties": { "argv": { "type": "array", "items": { "type": "string" } }, "script": { "type": "string" } },
              "minProperties": 1, "maxProperties": 1
            },
            "PlacementRules": {
              "type": "object", "description": "How slots stand to each other, to other jobs and other users.",
              "properties": {
                "alternatives": { "type": "array", "maxItems": 8,
                  "items": { "$ref": "#/components/schemas/ResourceRequest" },
                  "description": "Will do where resources finds no place, best first." },
                "preferences": { "type": "array", "maxItems": 64, "items": { "type": "string" },
                  "description": "Constraints that need not hold: nodes that fulfil more of them are taken first." },
                "slotsPerNode": { "type": "integer", "minimum": 1, "maximum": 1000000,
                  "description": "At most so many on one node; any number by default." },
                "spread": { "type": "string",
                  "description": "Key of a label whose values get equally many slots." },
                "gang": { "$ref": "#/components/schemas/Gang" },
                "virtualCluster": { "type": "string",
                  "description": "Whose quota the slots are counted against." },
                "isPreemptible": { "type": "boolean",
                  "description": "Slots may be stopped for other users' work, and count against no quota." },
                "startsPerMinute": { "type": "integer", "minimum": 1,
                  "description": "At most so many slots start in a minute." },
                "priorityClass": { "type": "string",
                  "description": "The cluster's name for the priority, which is left out then." }
              },
              "additionalProperties": false
            },
            "Gang": {
              "type": "object", "description": "All slots start together or none does.",
              "properties": {
                "port": { "type": "integer", "minimum": 1, "maximum": 65535,
                  "description": "Of the first slot's node, for the others to meet at; 29500 by default." },
                "startSeconds": { "type": "integer", "minimum": 1, "maximum": 86400,
                  "description": "All run after this time, or all go back; 600 by default." }
              },
              "additionalProperties": false
            },
            "ResourceRequest": {
              "type": "object",
              "properties": {
                "resources": { "$ref": "#/components/schemas/Resources" },
                "devices": { "$ref": "#/components/schemas/DeviceRequest" },
                "counted": { "type": "array", "maxItems": 16,
                  "items": { "$ref": "#/components/schemas/CountedResource" },
                  "description": "Of what the node's labels count; each name once." }
              },
              "additionalProperties": false
            },
            "CountedResource": {
              "type": "object",
              "properties": {
                "name": { "type": "string", "description": "Key of a label that is a whole number." },
                "count": { "type": "integer", "minimum": 1 }
              },
              "required": [
                "name", "count"
              ],
              "additionalProperties": false
            },
            "DeviceRequest": {
              "type": "object",
              "properties": {
                "type": { "$ref": "#/components/schemas/DeviceType" },
                "count": { "type": "integer", "minimum": 1 },
                "shares": { "type": "integer", "minimum": 1, "maximum": 1000,
                  "description": "Of each device, in 1/1000." },
                "memoryShareBytes": { "type": "integer", "format": "int64", "minimum": 1,
                  "description": "Of each device so much memory, and as large a part of it; instead of shares." },
                "memoryBytes": { "type": "integer", "format": "int64",
                  "description": "Least memory of each device." },
                "model": { "type": "string", "description": "A whole word of the model's name; any of several: A100|H100." }
              },
              "required": [
                "type"
              ],
              "additionalProperties": false
            },
            "SlotCount": {
              "type": "object",
              "properties": {
                "minimum": { "type": "integer" }, "maximum": { "type": "integer" }
              },
              "required": [
                "minimum", "maximum"
              ],
              "additionalProperties": false
            },
            "TaskArray": {
              "type": "object",
              "properties": {
                "first": { "type": "integer" }, "last": { "type": "integer" },
                "step": { "type": "integer", "minimum": 1 }
              },
              "required": [
                "first", "last"
              ],
              "additionalProperties": false
            },
            "RetryPolicy": {
              "type": "object",
              "properties": {
                "rules": { "type": "array", "items": { "$ref": "#/components/schemas/RetryRule" } },
                "any": { "type": "integer", "description": "For exit codes without a rule." }
              },
              "additionalProperties": false
            },
            "RetryRule": {
              "type": "object",
              "properties": {
                "exitCode": { "type": "integer", "minimum": 1, "maximum": 255 },
                "count": { "type": "integer" }
              },
              "required": [
                "exitCode", "count"
              ],
              "additionalProperties": false
            },
            "JobKind": { "type": "string", "enum": ["batch", "service", "tasks"] },
            "JobState": {
              "type": "string", "enum": ["running", "paused", "finished", "failed", "canceled"]
            },
            "TaskState": {
              "type": "string",
              "enum": ["waiting", "ready", "running", "succeeded", "failed", "canceled"]
            },
            "SlotState": {
              "type": "string",
              "enum": ["pending", "assigned", "starting", "running", "stopping", "finished", "failed", "lost"]
            },
            "Runtime": { "type": "string", "enum": ["process"] },
            "DisconnectPolicy": { "type": "string", "enum": ["stop", "keep"] },
            "LossPolicy": { "type": "string", "enum": ["requeue", "fail"] }
        """#
}
