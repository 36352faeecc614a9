import PostgreSQL
import PostgresServer
import Testing

@Suite struct AddressTests {
    @Test func aPasswordIsNeverShown() throws {
        for text in [
            "postgresql://ada:s3cret@db.example.org:5433/mortise?sslmode=verify-full",
            "host=db.example.org port=5433 user=ada password=s3cret dbname=mortise sslmode=verify-full",
            "postgres://ada@db.example.org:5433/mortise?password=s3cret&sslmode=verify-full",
        ] {
            let address = try PostgresAddress(text)
            #expect(address.hasPassword)
            #expect(
                address.description
                    == "user=ada dbname=mortise host=db.example.org port=5433 sslmode=verify-full"
                    || !address.description.contains("s3cret"))
            #expect(!"\(address)".contains("s3cret"))
        }
        #expect(try !PostgresAddress("postgresql://ada@db.example.org/mortise").hasPassword)
        #expect(try PostgresAddress("postgresql://").description == "of the PG… environment")
    }

    @Test func aStringThatIsNoneIsNotRepeated() {
        for text in ["postgre://ada:s3cret@host/db", "s3cret", "host='s3cret", "a\0b"] {
            let error = #expect(throws: PostgresError.self) { try PostgresAddress(text) }
            #expect(error?.kind == .invalidAddress)
            #expect(error?.description.contains("s3cret") == false)
        }
    }

    @Test func whereNobodyListensIsSaid() throws {
        let error = #expect(throws: PostgresError.self) {
            try Connection(PostgresAddress("host=/nonexistent user=ada password=s3cret"))
        }
        #expect(error?.kind == .cannotConnect)
        #expect(error?.description.contains("s3cret") == false)
    }

    @Test(.enabled(if: PostgresServer.isInstalled)) func aDatabaseOrUserThatIsNoneIsSaid() throws {
        let server = try PostgresServer.shared()
        let database = #expect(throws: PostgresError.self) { try server.connect("nothing") }
        #expect(database?.kind == .undefinedDatabase)
        let user = #expect(throws: PostgresError.self) {
            try Connection(PostgresAddress(server.address(user: "nobody")))
        }
        #expect(user?.kind == .authenticationFailed)
    }
}
