extension OpenAPI {
    /// Paths of what was.
    static let historyPaths = #"""
            "/v1/nodes/{node}/history": {
              "parameters": [{ "$ref": "#/components/parameters/Node" }],
              "get": {
                "operationId": "showNodeHistory", "tags": ["nodes"],
                "summary": "A node's and its devices' telemetry in steps of equal length",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "$ref": "#/components/parameters/From" }, { "$ref": "#/components/parameters/Until" },
                  { "name": "step", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 86400 },
                    "description": "Seconds; not below what is kept. By default so that there are 240 at most." },
                  { "name": "series", "in": "query", "schema": { "type": "string" },
                    "description": "Names with commas between them; all by default." }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/NodeHistoryView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/usage": {
              "get": {
                "operationId": "listUsage", "tags": ["jobs"],
                "summary": "Booked, idle and used device and CPU time, the most booked first",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "by", "in": "query", "schema": { "type": "string", "enum": ["job", "user"] },
                    "description": "Whose sums; by job without it." },
                  { "name": "user", "in": "query", "schema": { "type": "string" },
                    "description": "Only jobs that this one submitted." },
                  { "name": "job", "in": "query", "schema": { "type": "integer", "minimum": 1 },
                    "description": "Only this job." },
                  { "$ref": "#/components/parameters/From" }, { "$ref": "#/components/parameters/Until" },
                  { "$ref": "#/components/parameters/Limit" }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/UsagePage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            }
        """#

    static let historyParameters = #"""
            "From": { "name": "from", "in": "query", "schema": { "type": "string", "format": "date-time" },
              "description": "In UTC; an hour before until by default, 31 days for usage." },
            "Until": { "name": "until", "in": "query", "schema": { "type": "string", "format": "date-time" },
              "description": "In UTC; now by default." }
        """#

    static let historySchemas = #"""
            "NodeHistoryView": {
              "type": "object",
              "properties": {
                "node": { "type": "integer", "minimum": 1 }, "name": { "type": "string" },
                "from": { "type": "string", "format": "date-time", "description": "Of the first step." },
                "stepSeconds": { "type": "integer" },
                "steps": { "type": "integer", "description": "How many values each series has." },
                "series": { "type": "array", "items": { "$ref": "#/components/schemas/HistorySeriesView" } }
              },
              "required": [
                "node", "name", "from", "stepSeconds", "steps", "series"
              ]
            },
            "HistorySeriesView": {
              "type": "object",
              "properties": {
                "name": { "type": "string", "description": "With its unit, for example processorPermille." },
                "device": { "type": "integer", "minimum": 0,
                  "description": "Its position in the hardware report; left out for the node itself." },
                "mean": { "type": "array", "items": { "type": ["integer", "null"] },
                  "description": "One a step, null where nothing was read. Left out for counters." },
                "maximum": { "type": "array", "items": { "type": ["integer", "null"] },
                  "description": "The same; left out for what only a mean is kept of." }
              },
              "required": [
                "name"
              ]
            },
            "UsageView": {
              "type": "object",
              "description": "Seconds are products: two devices for a second are two.",
              "properties": {
                "user": { "type": "string" },
                "job": { "type": "integer", "minimum": 1, "description": "Left out in sums by user." },
                "resource": { "type": "string", "description": "cpu, or the model of a device." },
                "bookedSeconds": { "type": "number" },
                "idleSeconds": { "type": "number", "description": "Not used at all, in steps of 5 minutes." },
                "unknownSeconds": { "type": "number", "description": "Booked, without a reading." },
                "usedSeconds": { "type": "number", "description": "Time multiplied by utilization." },
                "nonidleUtilizationPercent": { "type": "number",
                  "description": "The mean while it was at work; left out where it never was." },
                "memoryBookedByteSeconds": { "type": "number", "description": "Of cpu alone." },
                "memoryUsedByteSeconds": { "type": "number", "description": "Of cpu alone." }
              },
              "required": [
                "user", "resource", "bookedSeconds", "idleSeconds", "unknownSeconds", "usedSeconds"
              ]
            },
            "UsagePage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/UsageView" } },
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
