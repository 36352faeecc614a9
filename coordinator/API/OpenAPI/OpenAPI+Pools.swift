extension OpenAPI {
    static let poolPaths = #"""
            "/v1/pools": {
              "get": {
                "operationId": "listPools", "tags": ["pools"],
                "summary": "Pools: those of the pool file in its order, then those whose agents came by themselves",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/PoolPage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/pools/{pool}": {
              "parameters": [{ "$ref": "#/components/parameters/Pool" }],
              "get": {
                "operationId": "showPool", "tags": ["pools"],
                "summary": "One pool",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/PoolView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/pools/{pool}/pause": {
              "parameters": [{ "$ref": "#/components/parameters/Pool" }],
              "post": {
                "operationId": "pausePool", "tags": ["pools"],
                "summary": "Neither launch nor release nodes of it until it is resumed",
                "x-mortise-role": "operator",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/PoolView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/pools/{pool}/resume": {
              "parameters": [{ "$ref": "#/components/parameters/Pool" }],
              "post": {
                "operationId": "resumePool", "tags": ["pools"],
                "summary": "Launch and release nodes of it again",
                "x-mortise-role": "operator",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/PoolView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/pools/{pool}/scale": {
              "parameters": [{ "$ref": "#/components/parameters/Pool" }],
              "post": {
                "operationId": "scalePool", "tags": ["pools"],
                "summary": "Set how many nodes it has at least and at most, in place of what the pool file says",
                "x-mortise-role": "operator",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/ScaleRequest" } } } },
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/PoolView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/explain/pool/{pool}": {
              "parameters": [{ "$ref": "#/components/parameters/Pool" }],
              "get": {
                "operationId": "explainPool", "tags": ["explain"],
                "summary": "What the autoscaler does in a pool and why",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/ExplanationView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/launches": {
              "get": {
                "operationId": "listLaunches", "tags": ["pools"],
                "summary": "Launches, the newest first; of those that are over the last 200",
                "x-mortise-role": "viewer",
                "parameters": [{ "name": "pool", "in": "query", "schema": { "type": "string" } }],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/LaunchPage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/launches/{launch}": {
              "parameters": [{ "name": "launch", "in": "path", "required": true,
                "schema": { "type": "integer", "minimum": 1 } }],
              "get": {
                "operationId": "showLaunch", "tags": ["pools"],
                "summary": "One launch",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/LaunchView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            }
        """#

    static let poolSchemas = #"""
            "PoolView": {
              "type": "object",
              "properties": {
                "name": { "type": "string" },
                "launcher": { "type": "string", "description": "Left out where it is static." },
                "paused": { "type": "boolean" }, "dryRun": { "type": "boolean" },
                "nodes": { "type": "integer" }, "used": { "type": "integer" },
                "starting": { "type": "integer", "description": "Asked for, and not joined." },
                "minimum": { "type": "integer" },
                "maximum": { "type": "integer", "description": "Left out where nobody launches them." },
                "failures": { "type": "integer", "description": "Launches that failed one after the other." },
                "failureReason": { "type": "string" },
                "retryAt": { "type": "string", "format": "date-time" },
                "outlook": { "type": "string" },
                "nodeHours": { "type": "number" }, "money": { "type": "number" }
              },
              "required": [
                "name", "paused", "dryRun", "nodes", "used", "starting", "minimum", "failures", "failureReason",
                "outlook", "nodeHours", "money"
              ]
            },
            "ScaleRequest": {
              "type": "object",
              "properties": {
                "minimum": { "type": "integer", "minimum": 0 },
                "maximum": { "type": "integer", "minimum": 0, "description": "At most what the pool file says." },
                "reset": { "type": "boolean", "default": false,
                  "description": "What was ordered before no longer holds." }
              },
              "additionalProperties": false
            },
            "LaunchView": {
              "type": "object",
              "properties": {
                "launch": { "type": "integer" }, "pool": { "type": "string" },
                "state": { "type": "string", "enum": ["requested", "starting", "up", "failed", "ended"] },
                "count": { "type": "integer" }, "joined": { "type": "integer" },
                "cause": { "type": "string" }, "reason": { "type": "string" },
                "requestedAt": { "type": "string", "format": "date-time" },
                "endedAt": { "type": "string", "format": "date-time" },
                "allocations": { "type": "array", "items": { "$ref": "#/components/schemas/AllocationView" } }
              },
              "required": [
                "launch", "pool", "state", "count", "joined", "cause", "reason", "requestedAt", "allocations"
              ]
            },
            "AllocationView": {
              "type": "object",
              "properties": {
                "name": { "type": "string" },
                "state": { "type": "string",
                  "enum": ["waiting", "running", "completed", "failed", "timed_out", "canceled"] },
                "reason": { "type": "string" }, "host": { "type": "string" },
                "since": { "type": "string", "format": "date-time" },
                "node": { "type": "integer" }, "released": { "type": "boolean" }
              },
              "required": [
                "name", "state", "reason", "since", "released"
              ]
            },
            "PoolPage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/PoolView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            },
            "LaunchPage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/LaunchView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            }
        """#
}
