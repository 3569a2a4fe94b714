# another element, by an index that is computed from constants
# expect: nothing

.class public Lsample/Main;
.super Landroid/app/Activity;

.field public static phone:Landroid/telephony/TelephonyManager;

.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method

.method public onCreate(Landroid/os/Bundle;)V
    .registers 12
    sget-object v0, Lsample/Main;->phone:Landroid/telephony/TelephonyManager;
    invoke-virtual {v0}, Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;
    move-result-object v0
    const/4 v1, 0x2
    new-array v1, v1, [Ljava/lang/String;
    const/4 v2, 0x0
    aput-object v0, v1, v2
    const/4 v3, 0x1
    const-string v4, "x"
    aput-object v4, v1, v3
    const/4 v5, 0x3
    add-int/lit8 v5, v5, -0x2
    aget-object v0, v1, v5
    invoke-static {v0}, Lsample/Out;->send(Ljava/lang/String;)V
    return-void
.end method

.class public Lsample/Out;
.super Ljava/lang/Object;

.method public static send(Ljava/lang/String;)V
    .registers 8
    invoke-static {}, Landroid/telephony/SmsManager;->getDefault()Landroid/telephony/SmsManager;
    move-result-object v0
    const-string v1, "5550100"
    const/4 v2, 0x0
    move-object v3, p0
    const/4 v4, 0x0
    const/4 v5, 0x0
    invoke-virtual/range {v0 .. v5}, Landroid/telephony/SmsManager;->sendTextMessage(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;Landroid/app/PendingIntent;Landroid/app/PendingIntent;)V
    return-void
.end method
