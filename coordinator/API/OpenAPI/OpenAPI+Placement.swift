extension OpenAPI {
    /// Paths of what placement can tell.
    static let placementPaths = #"""
            "/v1/plan": {
              "post": {
                "operationId": "planJob", "tags": ["jobs"],
                "summary": "Where the slots of a job would go now; nothing is submitted",
                "x-mortise-role": "viewer",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/PlanRequest" } } } },
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/PlanView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/moves": {
              "get": {
                "operationId": "planMoves", "tags": ["cluster"],
                "summary": "What would have to move so that devices are whole; nothing is moved",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/MovesView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            }
        """#

    static let placementSchemas = #"""
            "PlanRequest": {
              "type": "object",
              "properties": {
                "specification": { "$ref": "#/components/schemas/JobSpecification" },
                "tasks": { "type": "integer", "minimum": 1, "maximum": 10000000,
                  "description": "How many a job of kind tasks without an array would have; any number without it." }
              },
              "required": [
                "specification"
              ],
              "additionalProperties": false
            },
            "PlanView": {
              "type": "object",
              "properties": {
                "places": { "type": "array", "items": { "$ref": "#/components/schemas/PlanPlace" },
                  "description": "One for each slot, in the order in which they would be taken." },
                "waiting": { "type": "integer",
                  "description": "Slots that would wait; of a job that takes as many as fit, those that it would lack to its least." },
                "reasons": { "type": "array", "items": { "type": "string" },
                  "description": "Why they would wait, most important first." }
              },
              "required": [
                "places", "waiting", "reasons"
              ]
            },
            "PlanPlace": {
              "type": "object",
              "properties": {
                "node": { "type": "integer", "minimum": 1 }, "nodeName": { "type": "string" },
                "devices": { "type": "array", "items": { "$ref": "#/components/schemas/DeviceGrant" } },
                "alternative": { "type": "integer",
                  "description": "Which request it has: 0 is resources, 1 the first of placement.alternatives." }
              },
              "required": [
                "node", "nodeName", "devices", "alternative"
              ]
            },
            "MovesView": {
              "type": "object",
              "properties": {
                "freed": { "type": "array", "items": { "$ref": "#/components/schemas/FreedDevice" },
                  "description": "Devices that would be whole, the cheapest first." },
                "wholeDevices": { "type": "integer", "description": "Devices of which nothing is used now." }
              },
              "required": [
                "freed", "wholeDevices"
              ]
            },
            "FreedDevice": {
              "type": "object",
              "properties": {
                "nodeName": { "type": "string" },
                "device": { "type": "integer", "description": "Position in the node's device list." },
                "moves": { "type": "array", "items": { "$ref": "#/components/schemas/Move" },
                  "description": "Supposing that those of the devices before are done." }
              },
              "required": [
                "nodeName", "device", "moves"
              ]
            },
            "Move": {
              "type": "object",
              "properties": {
                "slot": { "type": "integer", "minimum": 1 }, "job": { "type": "integer", "minimum": 1 },
                "to": { "type": "string", "description": "The name of the node that it would go to." },
                "devices": { "type": "array", "items": { "$ref": "#/components/schemas/DeviceGrant" },
                  "description": "What it would have there." }
              },
              "required": [
                "slot", "job", "to", "devices"
              ]
            }
        """#
}
