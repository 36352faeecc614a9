extension OpenAPI {
    /// Paths of jobs, tasks and slots.
    static let workPaths = #"""
            "/v1/jobs": {
              "get": {
                "operationId": "listJobs", "tags": ["jobs"],
                "summary": "Jobs, newest first, without their specifications",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "state", "in": "query", "schema": { "type": "string" },
                    "description": "States with commas between them." },
                  { "name": "app", "in": "query", "schema": { "type": "string" },
                    "description": "Of this app." },
                  { "name": "name", "in": "query", "schema": { "type": "string" },
                    "description": "Of this name." },
                  { "name": "before", "in": "query", "schema": { "type": "integer" },
                    "description": "Only numbers below this one." },
                  { "$ref": "#/components/parameters/Limit" }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/JobPage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              },
              "post": {
                "operationId": "submitJob", "tags": ["jobs"],
                "summary": "Submit a job; at most 64 MiB",
                "x-mortise-role": "operator",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/SubmitRequest" } } } },
                "responses": {
                  "201": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/JobView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/jobs/{job}": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }],
              "get": {
                "operationId": "showJob", "tags": ["jobs"],
                "summary": "A job; with since, as soon as it has changed",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "since", "in": "query", "schema": { "type": "integer" },
                    "description": "Answer when the job's revision is above this one, or at the limit." },
                  { "name": "waitSeconds", "in": "query", "schema": { "type": "integer" },
                    "description": "The limit, 0...60; 30 by default." }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/JobView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/jobs/{job}/cancel": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }],
              "post": {
                "operationId": "cancelJob", "tags": ["jobs"],
                "summary": "Stop its slots and cancel what has not ended",
                "x-mortise-role": "operator",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/JobView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/jobs/{job}/pause": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }],
              "post": {
                "operationId": "pauseJob", "tags": ["jobs"],
                "summary": "Hand out no more of its tasks",
                "x-mortise-role": "operator",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/JobView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/jobs/{job}/resume": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }],
              "post": {
                "operationId": "resumeJob", "tags": ["jobs"],
                "summary": "Go on after a pause",
                "x-mortise-role": "operator",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/JobView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/jobs/{job}/tasks": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }],
              "get": {
                "operationId": "listTasks", "tags": ["tasks"],
                "summary": "Tasks by index",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "state", "in": "query", "schema": { "type": "string" },
                    "description": "States with commas between them." },
                  { "name": "first", "in": "query", "schema": { "type": "integer" },
                    "description": "Least index." },
                  { "name": "last", "in": "query", "schema": { "type": "integer" },
                    "description": "Largest index." },
                  { "$ref": "#/components/parameters/Limit" }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/TaskPage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              },
              "post": {
                "operationId": "appendTasks", "tags": ["tasks"],
                "summary": "Append tasks to an open job; at most 64 MiB",
                "x-mortise-role": "operator",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/AppendTasksRequest" } } } },
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/JobView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/jobs/{job}/tasks/retry": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }],
              "post": {
                "operationId": "retryTasks", "tags": ["tasks"],
                "summary": "Run failed and canceled tasks again",
                "x-mortise-role": "operator",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/RetryTasksRequest" } } } },
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/RetryTasksAnswer" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/jobs/{job}/tasks/{index}": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }, { "$ref": "#/components/parameters/Index" }],
              "get": {
                "operationId": "showTask", "tags": ["tasks"],
                "summary": "One task, with its payload",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/TaskView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/jobs/{job}/tasks/{index}/log": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }, { "$ref": "#/components/parameters/Index" }],
              "get": {
                "operationId": "readTaskLog", "tags": ["tasks"],
                "summary": "A task's output, as bytes",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "stream", "in": "query", "schema": { "type": "string" },
                    "description": "stdout (default) or stderr." },
                  { "name": "follow", "in": "query", "schema": { "type": "boolean" },
                    "description": "Stay until the task or command ends." },
                  { "name": "tail", "in": "query", "schema": { "type": "integer" },
                    "description": "Only so many of the newest bytes." },
                  { "name": "attempt", "in": "query", "schema": { "type": "integer" },
                    "description": "Of this attempt; the newest by default." }
                ],
                "responses": {
                  "200": { "description": "The bytes, chunked. A connection that breaks off is an error.",
                    "content": { "application/octet-stream": {} } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/slots": {
              "get": {
                "operationId": "listSlots", "tags": ["slots"],
                "summary": "Slots by number",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "job", "in": "query", "schema": { "type": "integer" },
                    "description": "Of this job." },
                  { "name": "node", "in": "query", "schema": { "type": "string" },
                    "description": "On this node, by number or name." },
                  { "name": "state", "in": "query", "schema": { "type": "string" },
                    "description": "States with commas between them." },
                  { "name": "after", "in": "query", "schema": { "type": "integer" },
                    "description": "Only numbers above this one." },
                  { "$ref": "#/components/parameters/Limit" }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/SlotPage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/slots/{slot}": {
              "parameters": [{ "$ref": "#/components/parameters/Slot" }],
              "get": {
                "operationId": "showSlot", "tags": ["slots"],
                "summary": "One slot",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/SlotView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/slots/{slot}/log": {
              "parameters": [{ "$ref": "#/components/parameters/Slot" }],
              "get": {
                "operationId": "readSlotLog", "tags": ["slots"],
                "summary": "The output of a slot's command, as bytes",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "stream", "in": "query", "schema": { "type": "string" },
                    "description": "stdout (default) or stderr." },
                  { "name": "follow", "in": "query", "schema": { "type": "boolean" },
                    "description": "Stay until the task or command ends." },
                  { "name": "tail", "in": "query", "schema": { "type": "integer" },
                    "description": "Only so many of the newest bytes." }
                ],
                "responses": {
                  "200": { "description": "The bytes, chunked. A connection that breaks off is an error.",
                    "content": { "application/octet-stream": {} } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            }
        """#
}
