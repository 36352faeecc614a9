/// The API's description, served at `/v1/openapi.json`.
///
/// It is written by hand, in Swift sources so that a static binary carries it; a test holds its paths against the
/// route table and its schemas against the types' JSON.
enum OpenAPI {
    static let document = [
        head,
        #"  "paths": {"#,
        workPaths + ",",
        clusterPaths + ",",
        placementPaths + ",",
        virtualClusterPaths + ",",
        poolPaths + ",",
        historyPaths,
        "  },",
        #"  "components": {"#,
        sharedComponents,
        #"  "parameters": {"#,
        sharedParameters + ",",
        historyParameters,
        "  },",
        #"  "schemas": {"#,
        workSchemas + ",",
        clusterSchemas + ",",
        placementSchemas + ",",
        virtualClusterSchemas + ",",
        poolSchemas + ",",
        historySchemas,
        "  } }",
        "}",
    ].joined(separator: "\n")

    private static let head = #"""
        {
          "openapi": "3.1.0",
          "info": {
            "title": "Mortise coordinator",
            "version": "1",
            "summary": "Times are RFC 3339 in UTC with microseconds; a property without a value is left out.",
            "description": "Unknown keys and unknown query parameters are refused."
          },
          "security": [{ "bearer": [] }],
        """#

    private static let sharedComponents = #"""
          "securitySchemes": {
            "bearer": { "type": "http", "scheme": "bearer",
              "description": "An API token, mortise-api-1.SECRET. x-mortise-role names the least role." }
          },
          "responses": {
            "Error": { "description": "Not done, and why. The codes are listed in docs/api.md.",
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ErrorBody" } } } }
          },
        """#

    private static let sharedParameters = #"""
            "Job": { "name": "job", "in": "path", "required": true,
              "schema": { "type": "integer", "minimum": 1 } },
            "Index": { "name": "index", "in": "path", "required": true, "description": "The task's index.",
              "schema": { "type": "integer", "minimum": 0 } },
            "Slot": { "name": "slot", "in": "path", "required": true,
              "schema": { "type": "integer", "minimum": 1 } },
            "Node": { "name": "node", "in": "path", "required": true,
              "description": "Its number, or its name if no other node has it.",
              "schema": { "type": "string" } },
            "Pool": { "name": "pool", "in": "path", "required": true, "schema": { "type": "string" } },
            "Token": { "name": "token", "in": "path", "required": true,
              "schema": { "type": "integer", "minimum": 1 } },
            "Limit": { "name": "limit", "in": "query",
              "description": "At most so many items; 100 by default.",
              "schema": { "type": "integer", "minimum": 1, "maximum": 1000 } }
        """#
}
