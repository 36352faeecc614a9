extension OpenAPI {
    /// Shapes of the cluster, its nodes and its tokens.
    static let clusterSchemas = #"""
            "Resources": {
              "type": "object",
              "properties": {
                "milliCPU": { "type": "integer", "format": "int64",
                  "description": "In 1/1000 of a core." },
                "memoryBytes": { "type": "integer", "format": "int64" },
                "diskBytes": { "type": "integer", "format": "int64" }
              }
            },
            "NodeView": {
              "type": "object",
              "properties": {
                "node": { "type": "integer", "minimum": 1 }, "name": { "type": "string" },
                "pool": { "type": "string" }, "state": { "$ref": "#/components/schemas/NodeState" },
                "reason": { "type": "string" }, "since": { "type": "string", "format": "date-time" },
                "address": { "type": "string" },
                "build": { "type": "string", "description": "The agent's version." },
                "labels": { "type": "array", "items": { "type": "string" },
                  "description": "KEY=VALUE." },
                "capacity": { "$ref": "#/components/schemas/NodeCapacity" },
                "endsAt": { "type": "string", "format": "date-time",
                  "description": "When it will be gone; left out where no end is known." },
                "load": { "$ref": "#/components/schemas/NodeLoadView" },
                "hardware": { "$ref": "#/components/schemas/HardwareView" }
              },
              "required": [
                "node", "name", "pool", "state", "reason", "since", "address", "build", "labels",
                "capacity"
              ]
            },
            "NodeCapacity": {
              "type": "object",
              "properties": {
                "resources": { "$ref": "#/components/schemas/Resources" },
                "devices": { "type": "array", "items": { "$ref": "#/components/schemas/DeviceCapacity" } },
                "architecture": { "$ref": "#/components/schemas/Architecture" },
                "labels": { "type": "array", "items": { "$ref": "#/components/schemas/Label" } },
                "memoryNodes": { "type": "array", "items": { "$ref": "#/components/schemas/MemoryNodeCapacity" },
                  "description": "The NUMA nodes of a machine that has several, and devices." }
              },
              "required": [
                "resources", "devices", "architecture", "labels"
              ]
            },
            "MemoryNodeCapacity": {
              "type": "object",
              "properties": {
                "number": { "type": "integer" },
                "milliCPU": { "type": "integer", "format": "int64", "description": "Of its processors." }
              },
              "required": ["number", "milliCPU"]
            },
            "DeviceCapacity": {
              "type": "object",
              "properties": {
                "type": { "$ref": "#/components/schemas/DeviceType" }, "model": { "type": "string" },
                "memoryBytes": { "type": "integer", "format": "int64",
                  "description": "0 where the tool does not say." },
                "isUsable": { "type": "boolean" },
                "fault": { "type": "string", "enum": ["failed", "held", "unassignable"],
                  "description": "Why it is not usable by itself." },
                "reason": { "type": "string" },
                "vendor": { "type": "string", "description": "nvidia, huawei …" },
                "memoryNode": { "type": "integer", "description": "NUMA node that it is near to." },
                "linkGroup": { "type": "integer",
                  "description": "Devices with the same number reach each other by fast links." },
                "rootPort": { "type": "string",
                  "description": "PCIe root port that it is behind; devices with the same one share a PCIe switch." },
                "physicalID": { "type": "integer", "description": "Ascend: N of /dev/davinciN." },
                "networkAddress": { "type": "string",
                  "description": "Of the network port that the device has itself (Ascend)." }
              },
              "required": [
                "type", "model", "memoryBytes", "isUsable"
              ]
            },
            "Label": {
              "type": "object",
              "properties": {
                "key": { "type": "string" }, "value": { "type": "string" }
              },
              "required": [
                "key", "value"
              ]
            },
            "NodeLoadView": {
              "type": "object", "description": "Of the newest heartbeat.",
              "properties": {
                "at": { "type": "string", "format": "date-time" },
                "loadAverage": { "type": "number", "description": "Of one minute." },
                "processorPercent": { "type": "number" },
                "memoryUsedBytes": { "type": "integer", "format": "int64" },
                "runningSlots": { "type": "integer" }
              },
              "required": [
                "at", "loadAverage", "processorPercent", "memoryUsedBytes", "runningSlots"
              ]
            },
            "HardwareView": {
              "type": "object", "description": "A fresh report of the machine.",
              "properties": {
                "hostname": { "type": "string" },
                "architecture": { "$ref": "#/components/schemas/Architecture" },
                "operatingSystem": { "type": "string" }, "kernel": { "type": "string" },
                "processorModel": { "type": "string" }, "sockets": { "type": "integer" },
                "cores": { "type": "integer" }, "threads": { "type": "integer" },
                "usableMilliCPU": { "type": "integer", "format": "int64" },
                "memoryTotalBytes": { "type": "integer", "format": "int64" },
                "memoryLimitBytes": { "type": "integer", "format": "int64",
                  "description": "The tightest cgroup limit." },
                "memoryAvailableBytes": { "type": "integer", "format": "int64" },
                "diskPath": { "type": "string" },
                "diskTotalBytes": { "type": "integer", "format": "int64" },
                "diskAvailableBytes": { "type": "integer", "format": "int64" },
                "devices": { "type": "array", "items": { "$ref": "#/components/schemas/HardwareDevice" } },
                "tools": { "type": "array", "items": { "type": "string" },
                  "description": "NAME: STATE, with a message where there is one." },
                "localAddress": { "type": "string" }, "advertisedAddress": { "type": "string" },
                "addressExplanation": { "type": "array", "items": { "type": "string" } },
                "container": { "type": "string" }
              },
              "required": [
                "hostname", "architecture", "operatingSystem", "kernel", "processorModel", "sockets",
                "cores", "threads", "usableMilliCPU", "memoryTotalBytes", "memoryAvailableBytes",
                "diskPath", "diskTotalBytes", "diskAvailableBytes", "devices", "tools", "localAddress",
                "advertisedAddress", "addressExplanation"
              ]
            },
            "HardwareDevice": {
              "type": "object",
              "properties": {
                "type": { "$ref": "#/components/schemas/DeviceType" }, "vendor": { "type": "string" },
                "model": { "type": "string" }, "index": { "type": "integer" },
                "chip": { "type": "integer" }, "uuid": { "type": "string" },
                "busID": { "type": "string" },
                "memoryTotalBytes": { "type": "integer", "format": "int64" },
                "memoryUsedBytes": { "type": "integer", "format": "int64" },
                "utilizationPercent": { "type": "integer" },
                "temperatureCelsius": { "type": "integer" }, "powerWatts": { "type": "number" },
                "health": { "$ref": "#/components/schemas/DeviceHealth" },
                "reason": { "type": "string" }
              },
              "required": [
                "type", "vendor", "model", "index", "health"
              ]
            },
            "PriorityClass": {
              "type": "object", "description": "A name for a priority of jobs.",
              "properties": {
                "name": { "type": "string" },
                "priority": { "type": "integer", "minimum": -1000, "maximum": 1000 },
                "role": { "type": "string", "enum": ["operator", "admin"], "description": "Who may use it." }
              },
              "required": ["name", "priority", "role"]
            },
            "ClusterView": {
              "type": "object",
              "properties": {
                "cluster": { "type": "string" }, "version": { "type": "string" },
                "startedAt": { "type": "string", "format": "date-time" },
                "revision": { "type": "integer" },
                "nodes": { "type": "object", "additionalProperties": { "type": "integer" },
                  "description": "By state, released ones left out." },
                "slots": { "type": "object", "additionalProperties": { "type": "integer" },
                  "description": "By state, ended ones left out." },
                "activeJobs": { "type": "integer" },
                "milliCPU": { "type": "integer", "format": "int64",
                  "description": "Of the nodes that are there." },
                "memoryBytes": { "type": "integer", "format": "int64" },
                "devices": { "type": "integer" },
                "notices": { "type": "array", "items": { "type": "string" },
                  "description": "What is out of the ordinary, a sentence each." },
                "priorityClasses": { "type": "array", "items": { "$ref": "#/components/schemas/PriorityClass" },
                  "description": "The highest first." }
              },
              "required": [
                "cluster", "version", "startedAt", "revision", "nodes", "slots", "activeJobs",
                "milliCPU", "memoryBytes", "devices", "notices"
              ]
            },
            "EventView": {
              "type": "object",
              "properties": {
                "at": { "type": "string", "format": "date-time" },
                "subject": { "type": "string", "description": "node N, job N, slot N or cluster." },
                "message": { "type": "string" }
              },
              "required": [
                "at", "subject", "message"
              ]
            },
            "ExplanationView": {
              "type": "object",
              "properties": {
                "lines": { "type": "array", "items": { "type": "string" },
                  "description": "Most important first." }
              },
              "required": [
                "lines"
              ]
            },
            "TokenView": {
              "type": "object",
              "properties": {
                "token": { "type": "integer", "minimum": 1 }, "name": { "type": "string" },
                "purpose": { "type": "string", "enum": ["join", "api"] }, "pool": { "type": "string" },
                "role": { "$ref": "#/components/schemas/Role" },
                "expiresAt": { "type": "string", "format": "date-time" },
                "usesLeft": { "type": "integer" }, "isRevoked": { "type": "boolean" },
                "createdAt": { "type": "string", "format": "date-time" },
                "secret": { "type": "string",
                  "description": "Once, in the answer to its creation: the whole text to hand out." }
              },
              "required": [
                "token", "name", "purpose", "isRevoked", "createdAt"
              ]
            },
            "CreateTokenRequest": {
              "type": "object",
              "properties": {
                "name": { "type": "string" }, "purpose": { "type": "string", "enum": ["join", "api"] },
                "pool": { "type": "string", "description": "For join." },
                "role": { "$ref": "#/components/schemas/Role" },
                "expiresInSeconds": { "type": "integer", "minimum": 1, "maximum": 315360000 },
                "uses": { "type": "integer", "minimum": 1,
                  "description": "For join: so many enrollments." }
              },
              "required": [
                "name", "purpose"
              ],
              "additionalProperties": false
            },
            "ReasonRequest": {
              "type": "object",
              "properties": {
                "reason": { "type": "string", "description": "For the node's history; may be empty." }
              },
              "required": [
                "reason"
              ],
              "additionalProperties": false
            },
            "EnrollRequest": {
              "type": "object",
              "properties": {
                "secret": { "type": "string", "description": "Of the join token." },
                "nodeName": { "type": "string" },
                "certificateRequest": { "type": "string", "description": "PKCS#10 in PEM." },
                "allocation": { "type": "string",
                  "description": "In which the agent runs, as its launcher calls it." }
              },
              "required": [
                "secret", "nodeName", "certificateRequest"
              ],
              "additionalProperties": false
            },
            "EnrollAnswer": {
              "type": "object",
              "properties": {
                "node": { "type": "integer", "minimum": 1 }, "cluster": { "type": "string" },
                "certificate": { "type": "string", "description": "PEM, leaf first." },
                "agentEndpoints": { "type": "array", "items": { "type": "string" },
                  "description": "HOST:PORT, best first." }
              },
              "required": [
                "node", "cluster", "certificate", "agentEndpoints"
              ]
            },
            "StatusView": {
              "type": "object",
              "properties": {
                "status": { "type": "string" }
              },
              "required": [
                "status"
              ]
            },
            "ErrorBody": {
              "type": "object",
              "properties": {
                "code": { "type": "string", "description": "Stable; listed in docs/api.md." },
                "message": { "type": "string",
                  "description": "What was tried, on what, and what can be done." }
              },
              "required": [
                "code", "message"
              ]
            },
            "JobPage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/JobView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            },
            "TaskPage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/TaskView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            },
            "SlotPage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/SlotView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            },
            "NodePage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/NodeView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            },
            "TokenPage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/TokenView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            },
            "EventPage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/EventView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            },
            "NodeState": {
              "type": "string",
              "enum": ["joining", "ready", "suspect", "lost", "draining", "drained", "cordoned", "released"]
            },
            "Architecture": { "type": "string", "enum": ["amd64", "arm64"] },
            "DeviceType": { "type": "string", "enum": ["gpu", "npu"] },
            "DeviceHealth": { "type": "string", "enum": ["ok", "warning", "failed", "unknown"] },
            "Role": { "type": "string", "enum": ["viewer", "operator", "admin"] }
        """#
}
